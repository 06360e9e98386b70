import type { Command } from 'commander';
import type { Event } from '../../../proto/index.ts';
import type { Cli } from '../cli.ts';
import { addConnectionOptions } from '../connection-options.ts';
import { parseDuration } from '../durations.ts';
import { untilInterrupted } from '../interruption.ts';
import { eventJson, eventLine } from '../output/event.ts';
import { present, type Session, withAdmin } from '../with-admin.ts';
import { addExamples } from './examples.ts';

interface EventsOptions {
  /** Milliseconds back from now. */
  readonly since?: number;
  readonly watch?: boolean;
}

/** `drover events`. */
export function addEvents(program: Command, cli: Cli): void {
  const command = program
    .command('events')
    .description('what happened')
    .option('--watch', 'go on with what happens from now on')
    .option('--since <duration>', 'only what happened in this time', parseDuration)
    .action((options: EventsOptions, self: Command) =>
      withAdmin(cli, self, (session) => events(cli, session, options)),
    );
  addExamples(addConnectionOptions(command), 'events --since 1h', 'events --watch -o json');
}

async function events(cli: Cli, session: Session, { since, watch = false }: EventsOptions): Promise<void> {
  const { admin, printer } = session;
  const from = since === undefined ? {} : { since: new Date(cli.now().getTime() - since) };
  const collected: Event[] = [];
  await untilInterrupted(cli, async (signal) => {
    try {
      for await (const answer of admin.streamEvents({ ...from, watch }, signal)) {
        const event = present(answer.event, 'event');
        if (printer.json && !watch) collected.push(event);
        else printer.print(eventJson(event), () => eventLine(event));
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  });
  if (printer.json && !watch) printer.print({ events: collected.map(eventJson) }, () => '');
}
