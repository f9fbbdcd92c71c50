/**
 * What tracing logs at some rate would cost: spans, bytes, CPU and memory of the store. Works with what this agent has
 * measured of itself; where it has traced too little to know, with reference figures, and says which of the two. Pure
 * arithmetic; called by explain.ts.
 */
import type { TracingSettings } from '../settings/settings.ts';

/** What is known of spans. */
export interface SpanFigures {
  readonly bytes: number;
  /** CPU time of choosing logs and writing their spans, in nanoseconds; sending them is not in it. */
  readonly cpuNs: number;
}

/**
 * For an agent that has traced nothing yet: half of 400,000 nginx lines of 190 bytes to one sink in mode hybrid, on two virtual
 * cores of an Intel Xeon that others used as well, Node 24.21 (docs/TRACING_GUIDE.md, "Ask before you turn it up").
 */
export const REFERENCE: Readonly<Record<TracingSettings['logSpans'], SpanFigures>> = {
  waterfall: { bytes: 230, cpuNs: 100 },
  compact: { bytes: 530, cpuNs: 240 },
};

/** Fewer log spans than this tell too little. */
const ENOUGH_SPANS = 10_000;

/** What the agent has spent on tracing since its start. */
export interface Spent {
  readonly logSpans: number;
  readonly systemSpans: number;
  readonly cpuMs: number;
}

/**
 * CPU time of a span from what was spent; null when that is too little to tell, or when it went to batches for the most
 * part, which cost the same without a rule.
 */
export function measuredCpuNs({ logSpans, systemSpans, cpuMs }: Spent): number | null {
  if (logSpans < ENOUGH_SPANS || logSpans < 10 * systemSpans) return null;
  return (cpuMs * 1e6) / logSpans;
}

export interface CostQuestion {
  /** Of the streams that the rule names, of all their logs. */
  readonly logsPerSecond: number;
  /** Of the rule. */
  readonly rate: number;
  readonly durationMs: number;
  readonly spansPerLog: number;
  readonly shape: TracingSettings['logSpans'];
  /** Measured; null: too little was traced. */
  readonly spanBytes: number | null;
  readonly spanCpuNs: number | null;
  /** Of the store. */
  readonly storeBytes: number;
}

/** As the API shows it. */
export interface Cost {
  readonly logs_per_second: number;
  readonly traces_per_second: number;
  readonly spans_per_second: number;
  readonly bytes_per_second: number;
  /** Of one core. */
  readonly cpu_share: number;
  readonly span: {
    readonly per_log: number;
    readonly bytes: number;
    readonly bytes_measured: boolean;
    readonly cpu_ns: number;
    readonly cpu_measured: boolean;
  };
  /** Over the whole duration of the rule. */
  readonly total: {
    readonly seconds: number;
    readonly spans: number;
    readonly bytes: number;
    readonly store_bytes: number;
    /** Whether the store can remember all of them at once. */
    readonly fits_store: boolean;
    /** How far back the store would reach while the rule is in force; absent when nothing is traced. */
    readonly store_seconds?: number;
  };
}

export function costOf(question: CostQuestion): Cost {
  const { logsPerSecond, rate, durationMs, spansPerLog, shape, storeBytes } = question;
  const bytes = question.spanBytes ?? REFERENCE[shape].bytes;
  const cpuNs = question.spanCpuNs ?? REFERENCE[shape].cpuNs;
  const traces = logsPerSecond * rate;
  const spans = traces * spansPerLog;
  const seconds = durationMs / 1000;
  const total = spans * seconds * bytes;
  const storeSeconds = storeBytes / (spans * bytes);
  return {
    logs_per_second: round(logsPerSecond),
    traces_per_second: round(traces),
    spans_per_second: round(spans),
    bytes_per_second: round(spans * bytes),
    cpu_share: round((spans * cpuNs) / 1e9),
    span: {
      per_log: spansPerLog,
      bytes: round(bytes),
      bytes_measured: question.spanBytes !== null,
      cpu_ns: round(cpuNs),
      cpu_measured: question.spanCpuNs !== null,
    },
    total: {
      seconds,
      spans: Math.round(spans * seconds),
      bytes: Math.round(total),
      store_bytes: storeBytes,
      fits_store: total <= storeBytes,
      // A rate near zero is as good as none.
      ...(Number.isFinite(storeSeconds) && { store_seconds: round(storeSeconds) }),
    },
  };
}

/** Four digits that tell something: these are estimates. */
function round(value: number): number {
  return Number(value.toPrecision(4));
}
