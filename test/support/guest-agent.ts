import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { lab, labExec } from './lab.ts';

/** How a run of `drover agent` ended. */
export interface AgentRun {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const agent = `echo $$ >"/tmp/$0.pid"; exec node /opt/drover/scripts/drover.mjs agent --name "$0" --data-dir "/tmp/$0" \
  --listen 127.0.0.1:7499 "$@"`;

/**
 * Runs the real agent program in edge-3 as a device of that name, with nothing of the node's own agent. It ends by itself
 * when it may not join, and with SIGTERM once it has a session.
 */
export async function runGuestAgent(name: string, ...args: string[]): Promise<AgentRun> {
  const gateway = `${process.env.DROVER_LAB_SUBNET ?? '10.88.0'}.1:7400`;
  const command = ['sh', '-c', agent, name, '--coordinator', gateway, ...args];
  const child = spawn(lab, ['exec', 'edge-3', '--', ...command], { stdio: ['ignore', 'pipe', 'pipe'] });
  const output = { stdout: '', stderr: '' };
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    output.stderr += text;
  });
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const opened = 'session with the coordinator opened';
    if (!output.stdout.includes(opened) && (output.stdout + text).includes(opened)) void end(name);
    output.stdout += text;
  });
  const [status] = (await once(child, 'close')) as [number | null];
  await labExec('edge-3', 'rm', '-rf', `/tmp/${name}`, `/tmp/${name}.pid`);
  return { status, ...output };
}

function end(name: string): Promise<string> {
  return labExec('edge-3', 'sh', '-c', 'kill -TERM "$(cat "/tmp/$0.pid")"', name);
}
