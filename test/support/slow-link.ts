import { labExec } from './lab.ts';

const shape = ['tc', 'qdisc', 'replace', 'dev', 'eth0', 'root', 'tbf'];

/** Lets a node send at most at a rate such as 20mbit, so that a transfer lasts; the returned function undoes it. */
export async function slowLink(node: string, rate: string): Promise<() => Promise<void>> {
  await labExec(node, ...shape, 'rate', rate, 'burst', '64kb', 'latency', '50ms');
  return async () => {
    await labExec(node, 'tc', 'qdisc', 'delete', 'dev', 'eth0', 'root');
  };
}
