import { nodeFunction, type TouredWorkload } from '../tour/workload.ts';

/** What the demonstration runs: the three images of the lab, and a function that holds much memory. */
export const workloads: readonly TouredWorkload[] = [
  nodeFunction('fn-node', 8080, 0),
  { name: 'fn-python', image: 'drover/fn-python', port: 8082, logged: /^tick (\d+)$/, hasSum: false },
  { name: 'counter', image: 'drover/counter', flags: ['--memory', '64m'], logged: /^(\d+)$/, hasSum: false },
  nodeFunction('fn-node-256', 8081, 256),
];
