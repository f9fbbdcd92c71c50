import type { Reason } from '../mode.ts';

/** What was decided for the logs of a segment, before any of them is selected. */
export interface Verdict {
  /** Probability with which a log is traced, 0 to 1. */
  readonly rate: number;
  readonly reason: Reason;
  /** Whether a log's own sampled W3C context may trace it although the rate would not (the parent rule). */
  readonly honourParent: boolean;
  /** The on-demand rule that decided, if one did. */
  readonly rule: ActiveRule | null;
}

/** An on-demand rule as the decision and the spans need it. */
export interface ActiveRule {
  readonly sourceId: string;
  readonly note?: string;
  /** Only logs that pass are traced; null: all. `text` is the record's bytes as UTF-8. */
  readonly where: ((text: string, severity: number) => boolean) | null;
  /** How many more traces the rule may make; Infinity when unbounded. The tracer counts down through `spent`. */
  readonly remainingTraces: number;
  spent(traces: number): void;
}
