import { setTimeout } from 'node:timers/promises';
import { createLogUpdate } from 'log-update';
import type { Cli } from './cli.ts';
import { untilInterrupted } from './interruption.ts';
import type { Printer } from './output/printer.ts';

/** One picture of what is watched. */
export interface View {
  readonly document: object;
  readonly text: () => string;
}

const intervalMs = 1_000;

/** Shows a view once, or each second until interrupted: redrawn on a terminal, one after the other elsewhere. */
export async function showView(
  cli: Cli,
  printer: Printer,
  watch: boolean | undefined,
  take: () => Promise<View>,
): Promise<void> {
  if (!watch) return show(printer, await take());
  const redraw = !printer.json && cli.stdout.isTTY ? createLogUpdate(cli.stdout) : undefined;
  await untilInterrupted(cli, async (signal) => {
    while (!signal.aborted) {
      const view = await take();
      if (redraw) redraw(view.text());
      else show(printer, view);
      await setTimeout(intervalMs, undefined, { signal }).catch(() => {});
    }
  });
  redraw?.done();
}

function show(printer: Printer, view: View): void {
  printer.print(view.document, view.text);
}
