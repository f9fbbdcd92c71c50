import type { IdSeed } from '../kernel/trace-ids.ts';

/**
 * Which records of a segment are traced, what sinks write of that into them, and what the ids are. Set by the tracing engine
 * after processors ran; sinks read it; nobody else needs to know that tracing exists.
 *
 * Ids are not stored: those of a row are drawn from a counter-based generator (kernel: trace-ids) over `seed` and the
 * row, behind `prefix`, so that the spans written at acknowledgement carry the ids stamped at send. A row whose log came with a W3C
 * context (`hasContexts` and the slot's `contexts` column says present) keeps that trace id instead.
 */
export interface Traced extends IdSeed {
  /** Their rows, ascending; null: every live row of the segment. */
  readonly rows: Uint32Array | null;
  /** How many rows that is. */
  readonly count: number;
  /**
   * OpenTelemetry's rejection threshold T = (1 - p) · 2^56 of the sampling probability p: the low 56 bits of every
   * trace id drawn are at least this (W3C tracestate `ot=th:`).
   */
  readonly threshold: bigint;
  /** Whether the slot's `contexts` column is filled for the traced rows. */
  readonly hasContexts: boolean;
  /** What sinks write into the records (`tracing.stamp`). */
  readonly stamp: Stamp;
}

/** Layout of one row of the slot's `contexts` column. */
export { ContextFlag, ContextRow } from '../kernel/context-row.ts';

/** What a sink writes of its trace into a traced log (`tracing.stamp`). */
export type Stamp = 'none' | 'trace_id' | 'trace_and_span';
