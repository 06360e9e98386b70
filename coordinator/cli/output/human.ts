const sizeUnits = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const;

/** A number of bytes in IEC units, e.g. `212.5 MiB`. */
export function humanSize(bytes: number): string {
  const power = bytes < 1024 ? 0 : Math.min(Math.floor(Math.log2(bytes) / 10), sizeUnits.length - 1);
  return power === 0 ? `${bytes} B` : `${(bytes / 1024 ** power).toFixed(1)} ${sizeUnits[power]}`;
}

/** A span of time in its two biggest units at most, e.g. `850 ms`, `12.4 s`, `3m 20s`, `2d 4h`. */
export function humanSpan(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  const seconds = ms / 1_000;
  if (seconds < 59.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 3_600) return `${Math.floor(whole / 60)}m ${whole % 60}s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 1_440) return `${Math.floor(minutes / 60)}h ${minutes % 60}m`;
  return `${Math.floor(minutes / 1_440)}d ${Math.floor((minutes % 1_440) / 60)}h`;
}

/** A point in time in RFC 3339 and UTC without fractions, or `-`. */
export function humanTime(at: Date | undefined): string {
  return at === undefined ? '-' : at.toISOString().replace(/\.\d+Z$/, 'Z');
}

/** Text from outside, without control characters: nothing that a container calls itself may steer the terminal. */
export function plain(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  return text.replaceAll(/[\u0000-\u001f\u007f-\u009f]+/g, ' ');
}
