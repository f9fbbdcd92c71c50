import type { Run } from '../store/run.ts';

/** Why spans were not exported. */
export type SpanDropReason = 'queue_full' | 'export_failed' | 'shutdown';

export interface ExporterStatus {
  readonly type: string;
  readonly endpoint?: string;
  readonly queued_spans: number;
  readonly exported_spans: number;
  readonly dropped_spans: Readonly<Record<SpanDropReason, number>>;
  /** Stays when all is well again; ISO 8601. */
  readonly last_error?: string;
  readonly last_error_at?: string;
  /** When the last request was taken; ISO 8601. */
  readonly last_exported_at?: string;
}

/**
 * Takes runs of encoded spans to a trace backend. Nothing it does may delay or fail the pipeline: what it cannot take
 * it drops and counts.
 */
export interface SpanExporter {
  /** Takes over the run or drops it; never waits, never throws. Holds it (`run.holders`) while it needs the bytes. */
  offer(run: Run): void;
  /** Resolves when everything offered before has been exported or dropped, at the latest after `deadlineMs`. Safe twice. */
  shutdown(deadlineMs: number): Promise<void>;
  status(): ExporterStatus;
}
