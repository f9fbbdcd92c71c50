import type { AdaptiveStatus } from './adaptive/adaptive.ts';
import type { GovernorStatus } from './decision/governor.ts';
import type { Dropped, OutletStatus } from './exporters/outlets.ts';
import type { Mode, Reason } from './mode.ts';
import type { RuleStatus } from './on-demand/on-demand.ts';
import type { OverridesStatus } from './settings/overrides.ts';
import type { TracingSettings } from './settings/settings.ts';
import type { TraceStore } from './store/store.ts';

/** What `/api/tracing/status` says. */
export interface TracerStatus {
  readonly mode: Mode;
  /** What was changed at run time and differs from the configuration until a reload, or until it is taken back. */
  readonly overrides: OverridesStatus;
  /** As set, and the share of logs about which nothing particular is known that are traced now; 0 to 1. */
  readonly log_tracing_rate: number;
  readonly effective_rate: number;
  readonly sampler: TracingSettings['sampler']['type'];
  readonly log_spans: TracingSettings['logSpans'];
  readonly logs_traced: number;
  readonly logs_traced_by_reason: Readonly<Record<Reason, number>>;
  /** Logs with a sampled context that were not traced for it: their bound (`Decision.takeParents`) was reached. */
  readonly parents_turned_away: number;
  readonly spans_created: { readonly log: number; readonly system: number };
  /** Over all exporters since the start; of each, created = exported + dropped + queued (`exporters`). */
  readonly spans_exported: number;
  readonly spans_dropped: Dropped;
  readonly spans_queued: number;
  readonly adaptive_sampling: AdaptiveStatus;
  readonly on_demand_rules: readonly RuleStatus[];
  readonly exporters: readonly OutletStatus[];
  readonly store: ReturnType<TraceStore['status']>;
  readonly governor: GovernorStatus;
  /** CPU time that choosing logs and writing spans has taken. */
  readonly cpu_seconds: number;
}
