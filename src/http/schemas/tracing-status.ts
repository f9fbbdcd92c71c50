/** The answer of `GET /api/tracing/status`, described for clients. Tracing makes it; the type is taken from here. */
import { z } from 'zod';

export const modeSchema = z
  .enum(['off', 'system-only', 'hybrid', 'full-e2e'])
  .describe(
    'off: no spans; system-only: spans of batches; hybrid: also of the logs that rates and rules choose; full-e2e: of every log.',
  );

/** Not restricted: a count gone wrong must be seen here, not fail the whole answer. */
const count = z.number();
const isoTime = z.string().describe('ISO 8601.');

const droppedSpans = z.object({ queue_full: count, export_failed: count, shutdown: count });

const detector = z.object({
  active: z.boolean(),
  p99_seconds: z
    .number()
    .describe(
      '99th percentile, at the last check, of the time from reading a log to its acknowledgement; the age of the oldest unacknowledged logs counts too.',
    ),
  threshold_seconds: z.number(),
  error_ratio: z.number().optional().describe('Share of attempts that failed; where error_threshold is set.'),
  logs: count.describe('How many logs the percentile is of.'),
  since: isoTime.optional().describe('Last change of `active`, ISO 8601.'),
  activations: count,
});

const adaptiveSampling = z.object({
  enabled: z.boolean(),
  active: z.boolean().describe('Whether the agent, any source or any sink is slow (or a sink fails).'),
  sample_rate: z.number(),
  agent: detector,
  sources: z.record(z.string(), detector).readonly(),
  sinks: z.record(z.string(), detector).readonly(),
});

const rule = z.object({
  source_id: z.string(),
  rate: z.number(),
  created_at: isoTime,
  expires_at: isoTime,
  remaining: z.string().describe('Such as 9m30s.'),
  remaining_seconds: z.number(),
  traces: count.describe('Traces it has made.'),
  max_traces: z.number().optional(),
  where: z
    .object({
      level: z.string().optional(),
      contains: z.string().optional(),
      matches: z.string().optional(),
    })
    .optional(),
  note: z.string().optional(),
});

const exporter = z.object({
  type: z.string(),
  endpoint: z.string().optional(),
  created_spans: count.describe('Spans made since the exporter was attached: exported + dropped + queued.'),
  queued_spans: count,
  exported_spans: count,
  dropped_spans: droppedSpans,
  last_error: z.string().optional().describe('Stays when all is well again.'),
  last_error_at: isoTime.optional(),
  last_exported_at: isoTime.optional().describe('When the last request was taken, ISO 8601.'),
});

const settingValue = z.union([z.string(), z.number(), z.boolean(), z.null()]);

export const overridesSchema = z
  .record(
    z.string(),
    z.object({
      value: settingValue,
      configured: settingValue.describe('What holds again when it is taken back.'),
      since: isoTime,
      expires_at: isoTime.optional(),
      remaining_seconds: z.number().optional(),
    }),
  )
  .readonly()
  .describe(
    'What was changed at run time, by the path of the setting. A reload that is applied, a restart or DELETE takes it back.',
  );

export const tracingStatusSchema = z.object({
  mode: modeSchema,
  overrides: overridesSchema,
  log_tracing_rate: z.number().describe('As set.'),
  effective_rate: z
    .number()
    .describe('Share of logs traced now when no rule and nothing particular is known about them.'),
  sampler: z.string(),
  log_spans: z.enum(['waterfall', 'compact']),
  logs_traced: count,
  logs_traced_by_reason: z.record(z.string(), count).readonly(),
  parents_turned_away: count.describe(
    'Logs with a sampled context that were not traced for it: tracing.max_parent_traces_per_second, or what max_overhead leaves of it, was reached. The tail may still keep them.',
  ),
  spans_created: z.object({ log: count, system: count }),
  spans_exported: count.describe('Over all exporters; a span counts once for each.'),
  spans_dropped: droppedSpans,
  spans_queued: count,
  adaptive_sampling: adaptiveSampling,
  on_demand_rules: z.array(rule).readonly().describe('Rules in force, those that end first in front.'),
  exporters: z.array(exporter).readonly(),
  store: z
    .object({ spans: count, overwritten_spans: count, memory_bytes: count })
    .describe('What /api/traces looks through.'),
  governor: z
    .object({
      state: z.enum(['off', 'normal', 'limiting']),
      factor: z.number().describe('What every rate is multiplied by.'),
      overhead: z.number().describe('CPU time of tracing by that of everything else, at the last check.'),
      max_overhead: z.number().nullable(),
      since: isoTime.optional(),
    })
    .describe('Keeps tracing below tracing.max_overhead.'),
  cpu_seconds: z.number().describe('CPU time that choosing logs and writing spans has taken.'),
});

export type TracingStatus = Readonly<z.output<typeof tracingStatusSchema>>;
