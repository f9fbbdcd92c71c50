/** The four modes of tracing, from none to all. */
export const MODES = ['off', 'system-only', 'hybrid', 'full-e2e'] as const;
export type Mode = (typeof MODES)[number];

/** Why a log is traced: stamped on its span, counted in a metric, shown by the API. */
export const REASONS = [
  'mode',
  'on_demand',
  'parent',
  'adaptive',
  'base_rate',
  'tail_slow',
  'tail_failed',
] as const;
export type Reason = (typeof REASONS)[number];

/** How a traced log ended; `buffered`: in a sink's disk buffer, which delivers it later, without spans. */
export type LogOutcome = 'delivered' | 'filtered' | 'buffered' | 'dead_lettered' | 'dropped';
