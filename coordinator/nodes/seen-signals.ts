import type { HandoverSignal } from '../../proto/index.ts';

/**
 * Tells news from repetitions. An agent whose session broke sends its last signals again, since it cannot know which of them
 * arrived; progress is never a repetition. Remembers the last `capacity` signals (default 1,024).
 */
export function seenSignals(capacity = 1024) {
  const seen = new Set<string>();
  return {
    isNew(node: string, { migrationId, epoch, body }: HandoverSignal): boolean {
      if (body?.$case === 'progress') return true;
      const key = `${node}/${migrationId}/${epoch}/${body?.$case}`;
      if (seen.has(key)) return false;
      seen.add(key);
      for (const oldest of seen) {
        if (seen.size <= capacity) break;
        seen.delete(oldest);
      }
      return true;
    },
  };
}
