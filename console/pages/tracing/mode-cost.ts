/**
 * What each mode costs: measured of the mode that runs, remembered of one that ran while the page was open, expected of
 * the others from what a span costs here. Pure arithmetic; mode-switch.tsx shows it.
 */
import type { Mode } from '../../api/shapes.ts';

/** What is known at this moment. */
export interface Measured {
  readonly mode: Mode;
  readonly logsPerSecond: number;
  readonly spansPerSecond: number;
  readonly systemSpansPerSecond: number;
  readonly batchesPerSecond: number;
  readonly sinks: number;
  /** CPU time of tracing by that of everything else. */
  readonly overhead: number;
  /** CPU seconds of tracing per second. */
  readonly cpuShare: number;
  /** Of one log span, from the agent's own explanation; null when it does not say. */
  readonly spanBytes: number | null;
}

export interface ModeCost {
  readonly kind: 'now' | 'was' | 'expected' | 'none';
  /** CPU compared with off; null when it cannot be told. */
  readonly overhead: number | null;
  /** Share of one core, where it cannot be compared. */
  readonly cpuShare: number | null;
  readonly spansPerSecond: number;
  readonly bytesPerSecond: number | null;
  /** When it was measured last, in milliseconds since 1970. */
  readonly at?: number;
}

/** One more compact span: CPU time, and bytes (docs/TRACING_GUIDE.md, the table of modes and "What spans weigh"). */
const SPAN_SECONDS = 26e-9;
const SPAN_BYTES = 42;
const UNCOMPRESSED_SPAN_BYTES = 125;
/** Fewer traced logs of a batch than this are not compressed. */
const MIN_COMPRESSED = 16;
/** Spans of one batch: the batch itself, its processors, and one for each sink. */
const SPANS_OF_BATCH = 2;

/** @param before what was measured of this mode while it ran. */
export function costOf(mode: Mode, measured: Measured, before?: ModeCost): ModeCost {
  const bytesOf = (spans: number) => (measured.spanBytes === null ? null : spans * measured.spanBytes);
  if (mode === 'off') return { kind: 'none', overhead: 0, cpuShare: 0, spansPerSecond: 0, bytesPerSecond: 0 };
  if (mode === measured.mode) {
    const { overhead, cpuShare, spansPerSecond } = measured;
    return { kind: 'now', overhead, cpuShare, spansPerSecond, bytesPerSecond: bytesOf(spansPerSecond) };
  }
  if (before !== undefined) return { ...before, kind: 'was' };
  const spansPerSecond = expectedSpans(mode, measured);
  if (spansPerSecond === null) {
    return { kind: 'expected', overhead: null, cpuShare: null, spansPerSecond: 0, bytesPerSecond: null };
  }
  const cpuShare = expectedCpu(spansPerSecond, measured);
  // CPU of everything else, from the mode that runs.
  const rest = measured.overhead > 0 && measured.cpuShare > 0 ? measured.cpuShare / measured.overhead : null;
  const overhead = rest === null ? null : cpuShare / rest;
  return {
    kind: 'expected',
    overhead,
    cpuShare,
    spansPerSecond,
    bytesPerSecond: mode === 'full-e2e' ? spansPerSecond * compactBytes(measured) : bytesOf(spansPerSecond),
  };
}

/** Of a span where every log has one. How a batch's logs are divided among streams is not known: it may be more. */
function compactBytes({ logsPerSecond, batchesPerSecond }: Measured): number {
  return logsPerSecond < MIN_COMPRESSED * batchesPerSecond ? UNCOMPRESSED_SPAN_BYTES : SPAN_BYTES;
}

/** Null for hybrid: which logs its rates and rules would choose is not known before. */
function expectedSpans(mode: Mode, measured: Measured): number | null {
  const system =
    measured.mode === 'off'
      ? measured.batchesPerSecond * (SPANS_OF_BATCH + measured.sinks)
      : measured.systemSpansPerSecond;
  if (mode === 'system-only') return system;
  if (mode === 'hybrid') return null;
  // In full-e2e a log has one span (tracing.log_spans: compact is its default).
  return system + measured.logsPerSecond;
}

/**
 * What is spent now goes for the most part to batches and choices, whatever the number of spans; so more spans cost what
 * is spent now and their own time, and fewer cost their part of it.
 */
function expectedCpu(spans: number, { spansPerSecond: now, cpuShare }: Measured): number {
  if (now > spans) return cpuShare * (spans / now);
  return cpuShare + (spans - now) * SPAN_SECONDS;
}
