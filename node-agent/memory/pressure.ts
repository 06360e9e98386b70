/** Share of the last ten seconds in which tasks waited for memory, in per cent. */
export interface MemoryPressure {
  /** At least one task waited. */
  readonly someAvg10: number;
  /** All tasks waited. */
  readonly fullAvg10: number;
}

/** Reads the text of /proc/pressure/memory or of a cgroup's memory.pressure; undefined when it says nothing. */
export function parsePressure(text: string): MemoryPressure | undefined {
  const some = avg10(text, 'some');
  return some === undefined ? undefined : { someAvg10: some, fullAvg10: avg10(text, 'full') ?? 0 };
}

function avg10(text: string, word: string): number | undefined {
  const match = new RegExp(`^${word} avg10=(\\d+(?:\\.\\d+)?) `, 'm').exec(text);
  return match === null ? undefined : Number(match[1]);
}
