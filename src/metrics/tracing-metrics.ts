/**
 * Turns what tracing counts into metrics at a scrape; keeps nothing, costs nothing between scrapes. Knows tracing only
 * as the figures it reads: the agent hands in its status.
 */
import type { Collector } from './samples.ts';

const MODES = ['off', 'system-only', 'hybrid', 'full-e2e'] as const;

/** The part of the tracing status that is exposed; its names are those of `GET /api/tracing/status`. */
export interface TracingFigures {
  readonly mode: (typeof MODES)[number];
  readonly overrides: Readonly<Record<string, unknown>>;
  readonly effective_rate: number;
  readonly logs_traced: number;
  /** With every reason from the start, so that no series appears only when it is needed. */
  readonly logs_traced_by_reason: Readonly<Record<string, number>>;
  readonly parents_turned_away: number;
  readonly spans_created: { readonly log: number; readonly system: number };
  readonly spans_exported: number;
  readonly spans_dropped: {
    readonly queue_full: number;
    readonly export_failed: number;
    readonly shutdown: number;
  };
  readonly spans_queued: number;
  readonly adaptive_sampling: { readonly active: boolean; readonly agent: { readonly p99_seconds: number } };
  readonly on_demand_rules: readonly unknown[];
  readonly store: {
    readonly spans: number;
    readonly overwritten_spans: number;
    readonly memory_bytes: number;
  };
  readonly governor: { readonly factor: number; readonly overhead: number };
  readonly cpu_seconds: number;
}

/** @param status called once a scrape. */
export function tracingMetrics(status: () => TracingFigures): Collector {
  return {
    collect(samples) {
      const figures = status();
      for (const mode of MODES) {
        samples.set('log_capturer_tracing_mode', mode === figures.mode ? 1 : 0, { mode });
      }
      const overrides = Object.keys(figures.overrides).length;
      samples.set('log_capturer_tracing_overrides_active', overrides);
      samples.set('log_capturer_tracing_sampling_rate', figures.effective_rate);

      samples.set('log_capturer_tracing_logs_traced_total', figures.logs_traced);
      for (const [reason, logs] of Object.entries(figures.logs_traced_by_reason)) {
        samples.set('log_capturer_tracing_logs_traced_by_reason_total', logs, { reason });
      }
      samples.set('log_capturer_tracing_parents_turned_away_total', figures.parents_turned_away);
      const { log, system } = figures.spans_created;
      samples.set('log_capturer_tracing_spans_created_total', log, { span_type: 'log' });
      samples.set('log_capturer_tracing_spans_created_total', system, { span_type: 'system' });
      samples.set('log_capturer_tracing_spans_exported_total', figures.spans_exported);
      for (const [reason, spans] of Object.entries(figures.spans_dropped)) {
        samples.set('log_capturer_tracing_spans_dropped_total', spans, { reason });
      }
      samples.set('log_capturer_tracing_spans_queued', figures.spans_queued);

      const { adaptive_sampling: adaptive, governor, store } = figures;
      samples.set('log_capturer_tracing_on_demand_rules_active', figures.on_demand_rules.length);
      samples.set('log_capturer_tracing_adaptive_sampling_active', adaptive.active ? 1 : 0);
      samples.set('log_capturer_tracing_adaptive_p99_seconds', adaptive.agent.p99_seconds);

      samples.set('log_capturer_tracing_cpu_seconds_total', figures.cpu_seconds);
      samples.set('log_capturer_tracing_overhead_ratio', governor.overhead);
      samples.set('log_capturer_tracing_overhead_factor', governor.factor);

      samples.set('log_capturer_tracing_store_spans', store.spans);
      samples.set('log_capturer_tracing_store_overwritten_spans_total', store.overwritten_spans);
      samples.set('log_capturer_tracing_store_memory_bytes', store.memory_bytes);
    },
  };
}
