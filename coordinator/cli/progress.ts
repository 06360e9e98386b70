import { createLogUpdate } from 'log-update';
import type { Migration } from '../../proto/index.ts';
import type { OutStream } from './cli.ts';
import { humanSize, humanSpan, plain } from './output/human.ts';

/** Shows how far a migration has come. */
export interface Progress {
  show(migration: Migration): void;
  /** A remark between the states, e.g. that the coordinator is out of reach for now. */
  note(text: string): void;
  /** Leaves the last state standing. */
  end(): void;
}

interface Sample {
  readonly bytes: number;
  readonly atMs: number;
}

const quietMs = 5_000;

/** One line redrawn on a terminal; elsewhere a line for each phase, and one every 5 s while bytes flow. */
export function createProgress(stdout: OutStream, now: () => Date): Progress {
  let samples: readonly Sample[] = [];
  const draw = stdout.isTTY ? terminalLine(stdout) : plainLines(stdout, now);
  return {
    show: (migration) => {
      samples = recent([...samples, { bytes: migration.bytesSent, atMs: now().getTime() }]);
      draw.state(migration.phase, progressLine(migration, bytesPerSecond(samples)));
    },
    note: draw.note,
    end: draw.end,
  };
}

/** The line itself. `rate` is in bytes a second, 0 when unknown. */
export function progressLine(migration: Migration, rate: number): string {
  const { workload, from, to, phase, bytesSent, bytesTotal } = migration;
  const parts = [`${workload}: ${from} → ${to || '?'}`, phase];
  if (bytesTotal > 0) {
    const percent = Math.min(100, Math.floor((100 * bytesSent) / bytesTotal));
    parts.push(`${humanSize(bytesSent)} / ${humanSize(bytesTotal)} (${percent} %)`);
  } else if (bytesSent > 0) parts.push(humanSize(bytesSent));
  const left = bytesTotal - bytesSent;
  if (rate > 0 && left > 0) parts.push(`${humanSize(Math.round(rate))}/s`, `${humanSpan((1_000 * left) / rate)} left`);
  return plain(parts.join('  '));
}

/** Mean speed between the first and the last sample, in bytes a second; 0 while there is nothing to compare. */
export function bytesPerSecond(samples: readonly Sample[]): number {
  const first = samples[0];
  const last = samples.at(-1);
  if (first === undefined || last === undefined || last.atMs <= first.atMs) return 0;
  return Math.max(0, (1_000 * (last.bytes - first.bytes)) / (last.atMs - first.atMs));
}

// Speed is that of the last ten seconds, so that it follows a link that changes.
function recent(samples: readonly Sample[]): readonly Sample[] {
  const newest = samples.at(-1)?.atMs ?? 0;
  return samples.filter(({ atMs }) => newest - atMs <= 10_000);
}

function terminalLine(stdout: OutStream) {
  const update = createLogUpdate(stdout);
  return {
    state: (_phase: string, line: string) => update(line),
    note: (text: string) => update(plain(text)),
    end: () => update.done(),
  };
}

function plainLines(stdout: OutStream, now: () => Date) {
  let lastPhase: string | undefined;
  let lastAtMs = 0;
  const say = (text: string) => {
    lastAtMs = now().getTime();
    stdout.write(`${text}\n`);
  };
  return {
    state: (phase: string, line: string) => {
      if (phase === lastPhase && now().getTime() - lastAtMs < quietMs) return;
      lastPhase = phase;
      say(line);
    },
    note: (text: string) => say(plain(text)),
    end: () => {},
  };
}
