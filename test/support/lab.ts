import { execFile, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { DockerEngine } from '../../node-agent/docker/docker-engine.ts';

// Compiled to dist/test/support.
export const lab = fileURLToPath(new URL('../../../scripts/lab', import.meta.url));

/** Runs a command in a node of the lab that DROVER_LAB names, and returns what it wrote. Rejects when it fails. */
export async function labExec(node: string, ...command: string[]): Promise<string> {
  const options = { maxBuffer: 64 << 20 };
  const { stdout } = await promisify(execFile)(lab, ['exec', node, '--', ...command], options);
  return stdout;
}

/** The real engine of a lab node, reached through `docker system dial-stdio` in it, one process a connection. */
export async function labEngine(node: string): Promise<{ engine: DockerEngine; close: () => Promise<void> }> {
  const directory = await mkdtemp(join(tmpdir(), 'drover-lab-'));
  const socketPath = join(directory, 'docker.sock');
  const server = createServer((socket) => dial(node, socket));
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => sockets.add(socket).size && socket.on('close', () => sockets.delete(socket)));
  await new Promise<void>((resolve) => server.listen(socketPath, resolve));
  const engine = new DockerEngine({ socketPath, callTimeoutMs: 20_000, workTimeoutMs: 60_000 });
  const close = async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await rm(directory, { recursive: true, force: true });
  };
  return { engine, close };
}

function dial(node: string, socket: Socket): void {
  const bridge = spawn(lab, ['exec', node, '--', 'docker', 'system', 'dial-stdio'], {
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  socket.pipe(bridge.stdin);
  bridge.stdout.pipe(socket);
  bridge.stdin.on('error', () => socket.destroy());
  bridge.on('error', () => socket.destroy());
  socket.on('error', () => bridge.stdin.end());
  socket.on('close', () => bridge.kill());
}
