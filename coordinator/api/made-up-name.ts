// Words that are short and cannot offend.
const first = [
  'amber',
  'brisk',
  'calm',
  'clear',
  'cool',
  'early',
  'fair',
  'fond',
  'green',
  'keen',
  'kind',
  'light',
  'merry',
  'mild',
  'noble',
  'quick',
  'quiet',
  'ready',
  'still',
  'sunny',
  'swift',
  'warm',
  'white',
  'wide',
] as const;
const second = [
  'aspen',
  'birch',
  'brook',
  'cedar',
  'cliff',
  'cove',
  'creek',
  'crane',
  'dune',
  'field',
  'finch',
  'glen',
  'heron',
  'lake',
  'larch',
  'lark',
  'maple',
  'marsh',
  'otter',
  'pine',
  'ridge',
  'robin',
  'trail',
  'wren',
] as const;

/** A name of two words that is not taken, e.g. calm-heron; with a number when all pairs are. `random` gives 0 to below 1. */
export function madeUpName(isTaken: (name: string) => boolean, random: () => number = Math.random): string {
  const start = Math.floor(random() * first.length * second.length);
  for (let step = 0; ; step++) {
    const index = start + step;
    const round = Math.floor(step / (first.length * second.length));
    const name = `${first[index % first.length]}-${second[Math.floor(index / first.length) % second.length]}`;
    const candidate = round === 0 ? name : `${name}-${round + 1}`;
    if (!isTaken(candidate)) return candidate;
  }
}
