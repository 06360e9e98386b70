/** What the kernel says of the whole machine's memory, in bytes. */
export interface Meminfo {
  readonly totalBytes: number;
  readonly availableBytes: number;
  readonly swapTotalBytes: number;
  readonly swapFreeBytes: number;
}

/** Reads the text of /proc/meminfo. Throws when it lacks the total, since nothing can be decided then. */
export function parseMeminfo(text: string): Meminfo {
  const total = field(text, 'MemTotal');
  if (total === undefined) throw new Error('/proc/meminfo has no MemTotal');
  // Kernels before 3.14 have no MemAvailable: what is surely free is the safe guess.
  const available = field(text, 'MemAvailable') ?? field(text, 'MemFree') ?? 0;
  return {
    totalBytes: total,
    availableBytes: available,
    swapTotalBytes: field(text, 'SwapTotal') ?? 0,
    swapFreeBytes: field(text, 'SwapFree') ?? 0,
  };
}

function field(text: string, name: string): number | undefined {
  const match = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(text);
  return match === null ? undefined : Number(match[1]) * 1024;
}
