import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { ProbeReport, ProbeTask } from './report.ts';

/** A client in a process of its own that asks a workload every 10 ms and keeps count. */
export interface Probe {
  /** Waits for the requests that have begun, and reports on all that ended since the last report. */
  take(): Promise<ProbeReport>;
  stop(): void;
}

const program = fileURLToPath(new URL('./probe-process.js', import.meta.url));

/** Starts a client. It goes on until it is stopped. */
export function startProbe(task: ProbeTask): Probe {
  const child = fork(program, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const ended = once(child, 'exit').then(() => Promise.reject(new Error('the probing client has ended unexpectedly')));
  ended.catch(() => {}); // unless somebody waits for a report, that is fine
  child.send(task);
  return {
    async take() {
      child.send('take');
      const [report] = (await Promise.race([once(child, 'message'), ended])) as [ProbeReport];
      return report;
    },
    stop: () => void child.kill('SIGTERM'),
  };
}
