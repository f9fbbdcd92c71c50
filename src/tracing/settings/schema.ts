/**
 * The keys of the `tracing:` section, their limits, and what they mean to one another. Keys that an `OTEL_*` variable
 * or another key may set have no default here, so that settings.ts can tell whether the file was silent.
 * Called by the configuration; what the rest of tracing uses is `TracingSettings`.
 */
import { z } from 'zod';
import { byteSize, duration } from '../../component/units.ts';
import { SourcePattern } from '../decision/source-pattern.ts';
import { MODES } from '../mode.ts';
import { exporterSchema } from './schema-exporter.ts';

function rate() {
  const error = 'expected a number from 0 (none) to 1 (all)';
  return z.number({ error }).min(0, { error }).max(1, { error });
}

function positive(what: string) {
  const error = `expected ${what}, more than 0`;
  return z
    .number({ error })
    .positive({ error })
    .max(1e9, { error: `${error}, at most 1000000000` });
}

/** Longest attribute value, in characters, that may be asked for. */
const MAX_ATTRIBUTE_LENGTH = 4096;
/** OpenTelemetry keeps 128 attributes a span (`OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT`); ours take part of them. */
const MAX_ANNOTATIONS = 64;

const adaptiveSampling = z
  .strictObject({
    enabled: z.boolean().default(true).describe('Traces more while logs are slow to arrive.'),
    latency_threshold: duration({ min: '1ms' })
      .prefault('1s')
      .describe(
        'Adaptive sampling starts when the 99th percentile of the time from reading a log to its acknowledgement is above this, and ends below 80 % of it.',
      ),
    sample_rate: rate().default(0.1).describe('Share of logs traced while it is active.'),
    window_size: duration({ min: '1s', max: '24h' }).prefault('5m').describe('How far back latencies count.'),
    check_interval: duration({ min: '100ms', max: '1h' })
      .prefault('30s')
      .describe('How often latency is compared with the threshold.'),
    error_threshold: rate()
      .refine((value) => value > 0, { error: 'expected a number above 0, at most 1' })
      .optional()
      .describe(
        'Also start when this share of the attempts of a sink failed within the window, such as 0.05. Off by default.',
      ),
  })
  .refine(({ check_interval, window_size }) => !(check_interval > window_size), {
    path: ['check_interval'],
    error: 'expected at most window_size: check at least once a window',
  });

const sampler = z
  .strictObject({
    type: z
      .enum(['parent_based', 'always_on', 'always_off', 'traceidratio', 'rate_limiting'])
      .optional()
      .describe(
        'What decides in hybrid mode where no on-demand rule does. parent_based (default): a trace context that came with the log, else the rates; always_on: every log; always_off: none; traceidratio: the share `rate`; rate_limiting: `per_second` logs each second.',
      ),
    rate: rate()
      .optional()
      .describe(
        'With traceidratio: share of logs traced while adaptive sampling asks for no more. Default: log_tracing_rate.',
      ),
    per_second: positive('how many logs to trace each second')
      .optional()
      .describe('With rate_limiting: how many logs are traced each second, over all sources.'),
  })
  .refine(({ type, rate }) => rate === undefined || type === 'traceidratio', {
    path: ['rate'],
    error: 'rate belongs to type: traceidratio; remove it or change the type',
  })
  .refine(({ type, per_second }) => per_second === undefined || type === 'rate_limiting', {
    path: ['per_second'],
    error: 'per_second belongs to type: rate_limiting; remove it or change the type',
  })
  .refine(({ type, per_second }) => type !== 'rate_limiting' || per_second !== undefined, {
    path: ['type'],
    error: 'rate_limiting needs per_second: how many logs to trace each second',
  });

const onDemand = z.strictObject({
  enabled: z.boolean().default(true).describe('Accepts rules through the API.'),
  max_rules: z.int().min(1).max(10_000).default(100).describe('Most rules at a time; one more is refused.'),
  default_duration: duration({ min: '1m', max: '24h' })
    .prefault('10m')
    .describe('How long a rule lasts that names no duration.'),
});

const tail = z.strictObject({
  enabled: z
    .boolean()
    .default(true)
    .describe(
      'Keeps traces of logs that turned out slow, retried, dead-lettered or dropped. Only in hybrid mode.',
    ),
  slow: duration({ min: '1ms' })
    .prefault('1s')
    .describe('A log is slow when it took at least this long from being read to its last acknowledgement.'),
  max_per_second: positive('how many traces to keep each second')
    .default(10)
    .describe('Most traces kept each second.'),
});

const store = z.strictObject({
  memory: byteSize({ min: '1MiB', max: '1GiB' })
    .prefault('64MiB')
    .describe('Memory for spans: what the console and /api/traces show, and what waits for export.'),
});

const sourcePattern = z
  .string()
  .min(1)
  .max(1024)
  .superRefine((text, context) => {
    try {
      new SourcePattern(text);
    } catch (error) {
      context.addIssue({ code: 'custom', message: `expected an id or a glob: ${(error as Error).message}` });
    }
  });

const exclude = z.strictObject({
  sources: z
    .array(sourcePattern)
    .max(1000)
    .default([])
    .describe(
      'Sources never traced, in no mode and by no rule: ids of configured sources, ids of streams (paths, container names), or globs of either.',
    ),
  span_names: z
    .array(z.string().min(1).max(256))
    .max(100)
    .default([])
    .describe(
      'Names of spans that are not written, such as dispatcher.queue; * stands for any characters. Without log.process nothing of a log is written or stamped.',
    ),
  shorter_than: duration()
    .prefault(0)
    .describe('Log traces that took less than this are not written. 0 writes all.'),
});

const attributeName = z.string().min(1).max(256);
const annotate = z
  .strictObject({
    attributes: z
      .record(attributeName, z.string().max(MAX_ATTRIBUTE_LENGTH))
      .default({})
      .describe('Attributes put on every log span, such as team: payments.'),
    fields: z
      .array(attributeName)
      .default([])
      .describe('Parsed fields of a log that become attributes of its span.'),
    max_length: z
      .int()
      .min(1)
      .max(MAX_ATTRIBUTE_LENGTH)
      .default(256)
      .describe('Values of fields are cut to this many characters.'),
    redact: z
      .array(attributeName)
      .max(1000)
      .default([])
      .describe('Fields and attributes whose values are replaced by [redacted].'),
  })
  .refine(({ attributes, fields }) => Object.keys(attributes).length + fields.length <= MAX_ANNOTATIONS, {
    path: ['fields'],
    error: `expected at most ${MAX_ANNOTATIONS} attributes and fields together`,
  });

const text = () =>
  z.string({ error: 'expected text; put a number in quotes, such as "1.0"' }).max(256, {
    error: 'expected at most 256 characters',
  });
const resource = z.strictObject({
  service_name: text()
    .optional()
    .describe('service.name of every span. Default: OTEL_SERVICE_NAME, else log-capturer.'),
  service_version: text().optional().describe('service.version. Default: the version of the agent.'),
  environment: text().optional().describe('deployment.environment.name, such as production.'),
  deployment_id: text().optional().describe('log_capturer.deployment_id: which agent this is.'),
});

export const tracingSchema = z
  .strictObject({
    enabled: z
      .boolean()
      .optional()
      .describe('false is the same as mode: off. Default: true, unless OTEL_SDK_DISABLED is true.'),
    mode: z
      .enum(MODES)
      .default('hybrid')
      .describe(
        'off: no spans; system-only: spans of batches and sends; hybrid: also of logs chosen by rules and rates; full-e2e: of every log.',
      ),
    log_tracing_rate: rate()
      .optional()
      .describe('Share of logs traced in hybrid mode when nothing else decides. Default: 0.'),
    log_spans: z
      .enum(['waterfall', 'compact'])
      .optional()
      .describe(
        'waterfall: a span for each stage of a log; compact: one span with the stages as events. Logs that join a trace from elsewhere are compact in any case. Default: compact in full-e2e, else waterfall.',
      ),
    stamp: z
      .enum(['none', 'trace_id', 'trace_and_span'])
      .default('trace_id')
      .describe('What sinks write into a traced log, so that it leads to its trace.'),
    incoming: z
      .enum(['parent', 'link', 'ignore'])
      .default('parent')
      .describe(
        "What to do with a trace context that came with a log. parent: the log's span joins that trace; link: it has its own trace with a link; ignore: nothing.",
      ),
    max_parent_traces_per_second: positive('how many traces a second')
      .default(100)
      .describe(
        'Most logs (not traces) traced each second because their own trace context says so; further ones are counted as turned away.',
      ),
    sampler: sampler.prefault({}).describe('What decides in hybrid mode where no on-demand rule does.'),
    adaptive_sampling: adaptiveSampling.prefault({}).describe('Traces more while logs are slow to arrive.'),
    on_demand: onDemand.prefault({}).describe('Rules that operators set while the agent runs.'),
    tail: tail.prefault({}).describe('Keeps traces of logs after seeing how they ended.'),
    exporter: exporterSchema.optional().describe('Where spans are sent. For several use exporters.'),
    exporters: z
      .array(exporterSchema, { error: 'expected a list of exporters, each with a type' })
      .max(8)
      .optional()
      .describe(
        'Where spans are sent, several at once. Default: OTLP when an OTEL_EXPORTER_OTLP_*ENDPOINT variable is set, else nowhere; the console and /api/traces always have them.',
      ),
    store: store.prefault({}).describe('The spans that the agent itself remembers.'),
    exclude: exclude.prefault({}).describe('What is not traced.'),
    annotate: annotate.prefault({}).describe('What is added to log spans.'),
    max_overhead: z
      .number({ error: 'expected a number from 0.001 to 1, such as 0.05 for 5 %' })
      .min(0.001, { error: 'expected a number from 0.001 to 1, such as 0.05 for 5 %' })
      .max(1, { error: 'expected a number from 0.001 to 1, such as 0.05 for 5 %' })
      .optional()
      .describe(
        'Most CPU time spent on tracing, as a share of the CPU time of everything else. Above it the agent steps its rates down, and up again later. Off by default.',
      ),
    resource: resource.prefault({}).describe('What spans say about this agent.'),
  })
  .refine(({ exporter, exporters }) => exporter === undefined || exporters === undefined, {
    path: ['exporter'],
    error: 'exporter and exporters are both given; move the exporter into the list of exporters',
  });

/** The `tracing:` section as validated: durations are milliseconds, sizes bytes, rates 0 to 1. */
export type TracingConfig = z.output<typeof tracingSchema>;
