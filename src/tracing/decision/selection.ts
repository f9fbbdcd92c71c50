/**
 * Chooses the rows of a segment that are traced, and says with which probability. Draws how many rows to skip rather
 * than a number for each, so that a log which is not traced costs nothing. Called by the tracer, once a segment.
 */
import { liveCount, type Segment } from '../../record/segment.ts';

type Rows = Pick<Segment, 'first' | 'count' | 'live'>;

const NONE = new Uint32Array(0);
let scratch = new Uint32Array(1024);

/**
 * Chooses each live row with probability `rate`, independently of the others.
 * @param random numbers from 0 (inclusive) to 1 (exclusive).
 * @returns indexes in the batch, ascending; null: every live row (`rate` of 1 or more).
 */
export function selectRows(
  segment: Rows,
  rate: number,
  random: () => number = Math.random,
): Uint32Array | null {
  if (rate >= 1) return null;
  if (!(rate > 0)) return NONE;
  const live = liveCount(segment as Segment);
  // How many rows pass before the next one is chosen is geometric: P(skip >= k) = (1 - rate)^k.
  const perSkip = 1 / Math.log1p(-rate);
  let at = Math.floor(Math.log(1 - random()) * perSkip);
  if (at >= live) return NONE;
  if (scratch.length < live) scratch = new Uint32Array(live * 2);
  let chosen = 0;
  while (at < live) {
    scratch[chosen++] = segment.live === null ? segment.first + at : segment.live[at]!;
    at += 1 + Math.floor(Math.log(1 - random()) * perSkip);
  }
  return scratch.slice(0, chosen);
}

/**
 * Of chosen rows those that pass a test, in order, until there are `limit`. For on-demand rules with `where` or
 * `max_traces`: choosing first means that only chosen logs are looked at.
 * @param rows as `selectRows` returns them.
 */
export function narrowRows(
  segment: Rows,
  rows: Uint32Array | null,
  limit: number,
  passes: ((row: number) => boolean) | null,
): Uint32Array {
  const total = rows === null ? liveCount(segment as Segment) : rows.length;
  const kept: number[] = [];
  for (let i = 0; i < total && kept.length < limit; i++) {
    const row = rows?.[i] ?? segment.live?.[i] ?? segment.first + i;
    if (passes === null || passes(row)) kept.push(row);
  }
  return Uint32Array.from(kept);
}

/** Bits of randomness in a trace id (W3C Trace Context level 2, "Random Trace ID flag"). */
const RANDOM_BITS = 2 ** 56;

/**
 * OpenTelemetry's rejection threshold T = (1 - rate) · 2^56: a trace id is sampled when its low 56 bits are at least T
 * (specification, "TraceState: Probability Sampling"). At most 2^56 - 1, so that some id can be drawn.
 */
export function thresholdOf(rate: number): bigint {
  // Subtracting from 2^56 keeps the precision that 1 - rate would lose of a small rate.
  const accepted = Math.min(RANDOM_BITS, Math.max(1, Math.round(rate * RANDOM_BITS)));
  return BigInt(RANDOM_BITS) - BigInt(accepted);
}

/** The tracestate that carries a threshold: up to 14 hex digits without trailing zeros, `ot=th:0` when all are sampled. */
export function traceStateOf(threshold: bigint): string {
  return `ot=th:${threshold.toString(16).padStart(14, '0').replace(/0+$/, '') || '0'}`;
}
