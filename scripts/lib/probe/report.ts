/** What a client saw of one workload in a stretch of time. */
export interface ProbeReport {
  /** Requests begun and over. */
  readonly requests: number;
  /** Those among them that a node refused, cut or left unanswered at first, and that were answered after all. */
  readonly retried: number;
  /** Given up after ten seconds. */
  readonly unanswered: number;
  /** Answered wrongly; see answer-checks.ts. */
  readonly wrong: number;
  /** Longest time between two right answers, in milliseconds. About 10 when all is well. */
  readonly longestGapMs: number;
  /** What was wrong with the first few wrong answers. */
  readonly complaints: readonly string[];
}

/** What the client is told at its start. */
export interface ProbeTask {
  /** Where the workload may be: one URL a node, the likeliest first. */
  readonly urls: readonly string[];
  /** Mebibytes of ballast that its answers must name. */
  readonly mb?: number;
}
