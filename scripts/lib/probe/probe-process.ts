// The client's own process, so that nothing else that a script does delays its requests. Started by probe.ts, which
// sends a ProbeTask first and then asks for reports; it ends when that process does.
import { performance } from 'node:perf_hooks';
import { answerChecks } from './answer-checks.ts';
import { askOnce } from './ask.ts';
import { type Poller, startPolling } from './poller.ts';
import type { ProbeTask } from './report.ts';

let poller: Poller | undefined;

// Ctrl-C reaches the whole process group; the one who started this client decides when it ends.
process.on('SIGINT', () => {});
process.on('disconnect', () => process.exit(0));
process.on('message', (message: ProbeTask | 'take') => {
  if (message !== 'take') {
    const { urls, mb } = message;
    poller = startPolling({ urls, ask: askOnce, checks: answerChecks({ mb }), now: () => performance.now() });
  } else void poller?.take().then((report) => process.send?.(report));
});
