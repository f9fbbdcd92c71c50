/**
 * The keys of a configuration, their limits and defaults. Components bring their own keys through the registry;
 * what all of them share is added here. Every key has a description: it is the reference, and editors show it.
 */
import { z } from 'zod';
import type { ProcessorSpec } from '../component/processor.ts';
import type { SinkSpec } from '../component/sink.ts';
import type { SourceSpec } from '../component/source.ts';
import { byteSize, duration } from '../component/units.ts';
import { type TracingConfig, tracingSchema } from '../tracing/settings/schema.ts';
import { type ServerConfig, serverSchema } from './server-schema.ts';

/** The components a configuration may name. */
export interface Registry {
  readonly sources: readonly SourceSpec[];
  readonly processors: readonly ProcessorSpec[];
  readonly sinks: readonly SinkSpec[];
}

const ID = 'letters, digits, "_", "." and "-", at most 64, starting with a letter or digit';
const id = () => z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/, { error: `expected ${ID}` });

function wholeNumber(min: number, max: number) {
  const error = `expected a whole number from ${min} to ${max}`;
  return z.int({ error }).min(min, { error }).max(max, { error });
}

/** Most labels of a source. Loki accepts 15 label names by default (`max_label_names_per_series`), and sinks need their own. */
const MAX_LABELS = 15;

/** https://prometheus.io/docs/concepts/data_model/: names that begin with two underscores are reserved. */
const labelName = z.string().regex(/^(?!__)[A-Za-z_][A-Za-z0-9_]*$/, {
  error: 'expected a label name: letters, digits and "_", not starting with a digit or "__"',
});

const labels = z
  .record(labelName, z.string())
  .refine((value) => Object.keys(value).length <= MAX_LABELS, {
    error: `expected at most ${MAX_LABELS} labels`,
  })
  .default({})
  .meta({
    description: 'Labels of every log of this source, such as service: nginx. At most 15.',
    maxProperties: MAX_LABELS,
  });

/** `*` anywhere stands for any characters. */
const sourcePattern = z.string().regex(/^[A-Za-z0-9_.*-]{1,64}$/, {
  error: 'expected the id of a source, or a pattern in which * stands for any characters',
});

const retry = z.strictObject({
  initial: duration({ min: '1ms', max: '10m' })
    .prefault('500ms')
    .describe('Pause before the second attempt; it doubles with each further one.'),
  max: duration({ min: '1ms', max: '1h' }).prefault('30s').describe('Longest pause between two attempts.'),
  give_up_after: duration()
    .prefault(0)
    .describe('How long to retry before the logs are dead-lettered; 0 means for ever.'),
});

export const dispatcherSchema = z.strictObject({
  memory: byteSize({ min: '1MiB', max: '2GiB' })
    .prefault('64MiB')
    .describe('Memory for logs in flight. When it is full, sources wait: that bounds the agent.'),
  batch_bytes: byteSize({ min: '4KiB', max: '64MiB' })
    .prefault('1MiB')
    .describe('A batch is sent when it holds this much log text.'),
  batch_size: wholeNumber(1, 1_000_000)
    .default(50_000)
    .describe('A batch is sent when it holds this many logs.'),
  batch_timeout: duration({ min: '1ms', max: '1m' })
    .prefault('200ms')
    .describe('A batch is sent when its first log is this old.'),
  retry: retry.prefault({}).describe('What to do when a destination refuses logs or cannot be reached.'),
  shutdown_timeout: duration({ max: '10m' })
    .prefault('10s')
    .describe(
      'How long to go on delivering after a stop signal. What is left is read again at the next start.',
    ),
});

const where = z.strictObject({
  memory: byteSize({ max: '1GiB' })
    .prefault('16MiB')
    .describe(
      'Memory for what became of logs in this run, so that it can be asked (log-capturer where). When it is full, the oldest is forgotten; 0 remembers nothing.',
    ),
});

const deadLetters = z
  .strictObject({
    enabled: z
      .boolean()
      .default(true)
      .describe(
        'Keep logs that a sink refuses for good in state_dir/dead-letters; otherwise they are dropped.',
      ),
    max_bytes: byteSize({ min: '64KiB', max: '1TiB' })
      .prefault('1GiB')
      .describe('Largest size of all dead letters together; beyond it the oldest file is deleted.'),
    max_file_bytes: byteSize({ min: '4KiB', max: '1GiB' })
      .prefault('16MiB')
      .describe('A file of dead letters that has reached this size is followed by another.'),
  })
  .refine((value) => value.max_file_bytes <= value.max_bytes / 2, {
    path: ['max_file_bytes'],
    error: 'expected at most half of dead_letters.max_bytes, because room is made by deleting whole files',
  });

const log = z.strictObject({
  level: z
    .enum(['debug', 'info', 'warn', 'error'])
    .default('info')
    .describe("Least severity of the agent's own messages, which go to standard error."),
});

const consoleSection = z.strictObject({
  trace_url: z
    .string()
    .refine((url) => url.includes('{trace_id}') && /^https?:\/\//.test(url), {
      error: 'expected an address that begins with http:// or https:// and contains {trace_id}',
    })
    .optional()
    .describe(
      'Where the console finds a trace in your backend, such as https://jaeger.example/trace/{trace_id}. It then shows a button that leads there.',
    ),
});

const reload = z.strictObject({
  watch: z
    .boolean()
    .default(true)
    .describe(
      'Whether the configuration is applied anew when its file, or a file that one of its keys names (password_file and the like), is changed. SIGHUP and POST /api/config/reload work either way.',
    ),
  interval: duration({ min: '100ms', max: '1h' })
    .prefault('5s')
    .describe(
      'How often to look at the file, for changes that the system does not tell of; most are noticed at once.',
    ),
});

const sourceCommon = z.object({
  id: id().describe(`Name of this source, unique among sources: ${ID}.`),
  type: z.string(),
  labels,
  trace_context: z
    .enum(['none', 'json'])
    .default('none')
    .describe(
      'Where the W3C trace context of a log is looked for: json reads "traceparent", or "trace_id", "span_id" and "trace_flags", from lines of JSON. The processor parse_json implies it.',
    ),
});
const buffer = z.strictObject({
  max_bytes: byteSize({ min: '4MiB', max: '1024GiB' })
    .prefault('1GiB')
    .describe('Most bytes on disk; at least eight times dispatcher.batch_bytes.'),
  when_full: z
    .enum(['block', 'drop_oldest'])
    .default('block')
    .describe(
      'block: logs wait in memory, then sources are told to wait; drop_oldest: the oldest logs in the buffer are dropped for newer ones, and counted.',
    ),
  fsync: z
    .enum(['always', 'interval'])
    .default('always')
    .describe(
      'When logs are safe from a power failure: always, before they are acknowledged; interval, within a second.',
    ),
});

const sinkCommon = z.object({
  id: id().describe(`Name of this sink, unique among sinks: ${ID}.`),
  type: z.string(),
  sources: z
    .array(sourcePattern)
    .min(1)
    .default(['*'])
    .describe('Ids of the sources whose logs go here; * stands for any characters.'),
  buffer: buffer
    .optional()
    .describe(
      'A buffer on disk, below state_dir, for logs of sources that cannot be read again (http, stdin), while this sink fails or is behind. Default: none.',
    ),
});

/** A processor of a source: its type and the type's own keys, with defaults filled in. */
export type ProcessorConfig = { type: string } & Record<string, unknown>;
/** A source: common keys and the type's own, with defaults filled in. */
export type SourceConfig = z.output<typeof sourceCommon> & { processors: ProcessorConfig[] } & Record<
    string,
    unknown
  >;
/** A sink: common keys and the type's own, with defaults filled in. */
export type SinkConfig = z.output<typeof sinkCommon> & Record<string, unknown>;

/** Durations are milliseconds and sizes are bytes. */
export interface Config {
  server: ServerConfig;
  state_dir: string;
  sources: SourceConfig[];
  sinks: SinkConfig[];
  dispatcher: z.output<typeof dispatcherSchema>;
  dead_letters: z.output<typeof deadLetters>;
  tracing: TracingConfig;
  where: z.output<typeof where>;
  console: z.output<typeof consoleSection>;
  log: z.output<typeof log>;
  reload: z.output<typeof reload>;
}

/** A component's schema with its type and the keys of its kind. Keys it does not know are errors. */
function component(
  spec: SourceSpec | ProcessorSpec | SinkSpec,
  kind: 'source' | 'processor' | 'sink',
  common: z.ZodRawShape,
) {
  const type = z.literal(spec.type).describe(`What kind of ${kind} this is.`);
  return spec.schema
    .safeExtend({ ...common, type })
    .strict()
    .meta({ title: `${kind} ${spec.type}`, description: spec.summary });
}

/** One of several components, told apart by `type`. */
function byType(components: readonly z.ZodObject[]): z.ZodType<Record<string, unknown>> {
  const [first, ...rest] = components as readonly (z.ZodObject & z.core.$ZodTypeDiscriminable)[];
  return first === undefined ? z.never() : z.discriminatedUnion('type', [first, ...rest]);
}

/** The schemas of one entry of `sources` and of `sinks`. */
function componentSchemas(registry: Registry) {
  const processor = byType(registry.processors.map((spec) => component(spec, 'processor', {})));
  const processors = z
    .array(processor)
    .default([])
    .describe('What is done to the logs of this source, in this order.');
  return {
    source: byType(
      registry.sources.map((spec) => component(spec, 'source', { ...sourceCommon.shape, processors })),
    ) as z.ZodType<SourceConfig>,
    sink: byType(
      registry.sinks.map((spec) => component(spec, 'sink', sinkCommon.shape)),
    ) as z.ZodType<SinkConfig>,
  };
}

/** The schema of a whole configuration with these components. What keys mean to one another is checked in checks.ts. */
export function configSchema(registry: Registry) {
  const { source, sink } = componentSchemas(registry);
  return z.strictObject({
    server: serverSchema.prefault({}).describe('The HTTP server of the agent.'),
    state_dir: z
      .string()
      .min(1)
      .default('./data')
      .describe(
        'Folder for what must survive a restart, such as read positions. Relative to the folder the agent is started in.',
      ),
    sources: z
      .array(source, { error: 'expected a list of sources, each with an id and a type' })
      .min(1, { error: 'expected at least one source' })
      .describe('Where logs come from.'),
    sinks: z
      .array(sink, { error: 'expected a list of sinks, each with an id and a type' })
      .min(1, { error: 'expected at least one sink' })
      .describe('Where logs go to.'),
    dispatcher: dispatcherSchema.prefault({}).describe('How logs are gathered into batches and delivered.'),
    dead_letters: deadLetters.prefault({}).describe('What becomes of logs that a sink refuses for good.'),
    tracing: tracingSchema.prefault({}).describe('How the journey of logs through the agent is traced.'),
    where: where.prefault({}).describe('What the agent remembers of single lines, for log-capturer where.'),
    console: consoleSection
      .prefault({})
      .describe('The web console of the agent, at the address of its HTTP server.'),
    log: log.prefault({}).describe("The agent's own messages."),
    reload: reload.prefault({}).describe('When a changed configuration is applied by itself.'),
  }) satisfies z.ZodType<Config>;
}
