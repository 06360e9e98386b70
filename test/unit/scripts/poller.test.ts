import { performance } from 'node:perf_hooks';
import test from 'ava';
import { answerChecks } from '../../../scripts/lib/probe/answer-checks.ts';
import type { Ask } from '../../../scripts/lib/probe/ask.ts';
import { startPolling } from '../../../scripts/lib/probe/poller.ts';
import { until } from '../../support/until.ts';

const [a, b] = ['http://a', 'http://b'];
const fast = { everyMs: 5, hedgeMs: 20, giveUpMs: 200, now: () => performance.now() };

// A workload that is somewhere, and can be moved or made to hang.
function movingWorkload() {
  const state = { at: a, hangs: false, n: 0, asked: [] as string[] };
  const ask: Ask = (url, signal) => {
    state.asked.push(url);
    if (url !== state.at) return Promise.reject(new Error('refused'));
    if (state.hangs) return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    state.n += 1;
    return Promise.resolve({ status: 200, text: JSON.stringify({ n: state.n, uptime_s: state.n }) });
  };
  return { state, ask };
}

test('requests go to the node that answered last, and to no other while it answers', async (t) => {
  const { state, ask } = movingWorkload();
  const poller = startPolling({ urls: [a, b], ask, checks: answerChecks({}), ...fast });
  await until(() => state.n >= 3);
  state.at = b;
  await until(() => state.asked.includes(b));
  await poller.take();
  state.asked.length = 0;
  await until(() => state.asked.length >= 3);
  poller.stop();
  t.deepEqual(new Set(state.asked), new Set([b]));
});

test('a refused request is tried elsewhere at once, and counted as retried and not as failed', async (t) => {
  const { state, ask } = movingWorkload();
  const poller = startPolling({ urls: [a, b], ask, checks: answerChecks({}), ...fast });
  await until(() => state.n >= 3);
  await poller.take();
  state.at = b;
  const before = state.n;
  await until(() => state.n > before);
  poller.stop();
  const report = await poller.take();
  t.true(report.retried >= 1);
  t.is(report.unanswered + report.wrong, 0);
});

test('while a workload answers nobody the gap grows, and requests get their answer where it wakes', async (t) => {
  const { state, ask } = movingWorkload();
  const poller = startPolling({ urls: [a, b], ask, checks: answerChecks({}), ...fast });
  await until(() => state.n >= 3);
  await poller.take();
  state.hangs = true;
  const [asked, frozenAt] = [state.asked.length, performance.now()];
  await until(() => state.asked.length >= asked + 12);
  Object.assign(state, { at: b, hangs: false });
  const frozenMs = performance.now() - frozenAt;
  const before = state.n;
  await until(() => state.n > before);
  poller.stop();
  const report = await poller.take();
  t.is(report.unanswered + report.wrong, 0);
  t.true(report.longestGapMs >= frozenMs, `a gap of ${report.longestGapMs} ms after ${frozenMs} ms without an answer`);
});

test('a request that nobody answers is given up and reported', async (t) => {
  let asked = 0;
  const ask: Ask = () => Promise.reject(new Error(`refused ${asked++}`));
  const poller = startPolling({ urls: [a, b], ask, checks: answerChecks({}), ...fast, giveUpMs: 50 });
  await until(() => asked > 4);
  poller.stop();
  const report = await poller.take();
  t.true(report.unanswered >= 1);
  t.is(report.requests, report.unanswered);
});

test('a wrong answer is not tried again', async (t) => {
  let asked = 0;
  const ask: Ask = async () => ({ status: 500, text: String(asked++) });
  const poller = startPolling({ urls: [a, b], ask, checks: answerChecks({}), ...fast });
  await until(() => asked >= 2);
  poller.stop();
  const report = await poller.take();
  t.is(report.wrong, asked);
  t.is(report.retried, 0);
  t.is(report.complaints[0], `${a}: status 500`);
});
