/**
 * Exporters with everything filled in, from the file, from `OTEL_EXPORTER_OTLP_*`, `OTEL_BSP_*` and
 * `OTEL_TRACES_EXPORTER` where the file is silent, and from defaults. Used by settings.ts.
 */
import type { ExporterConfig } from './schema-exporter.ts';
import type { EnvironmentReader } from './settings-environment.ts';

/** How spans wait for export. */
export interface QueueSettings {
  readonly batchTimeoutMs: number;
  /** Spans. */
  readonly maxExportBatchSize: number;
  /** Spans. */
  readonly maxQueueSize: number;
  /** Longest time one export may take, attempts and pauses included. */
  readonly exportTimeoutMs: number;
}

export interface TlsSettings {
  readonly caFile?: string;
  readonly certFile?: string;
  readonly keyFile?: string;
  readonly insecureSkipVerify: boolean;
}

/** `auto`: gzip around spans that the kernel compresses as it encodes them, and the rest as it is. */
export type Compression = 'auto' | 'gzip' | 'none';

export interface HttpSettings {
  /** Complete: used as it is, path included. */
  readonly endpoint: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Of one request. */
  readonly timeoutMs: number;
  readonly compression: Compression;
  readonly tls: TlsSettings;
}

export type OtlpSettings = {
  readonly type: 'otlp';
  readonly protocol: 'http/protobuf' | 'grpc';
} & HttpSettings &
  QueueSettings;
export type JaegerSettings = { readonly type: 'jaeger' } & HttpSettings & QueueSettings;
/** Jaeger's collector takes Thrift at `/api/traces` and OTLP at `/v1/traces`; any other path is taken for OTLP too. */
export function speaksThrift(endpoint: string): boolean {
  return new URL(endpoint).pathname.replace(/\/+$/, '').endsWith('/api/traces');
}

/** Whether an exporter can send compressed spans without decompressing them. */
export function takesDeflated(settings: ExporterSettings): boolean {
  if (settings.type === 'otlp') return settings.compression !== 'none';
  return settings.type === 'jaeger' && !speaksThrift(settings.endpoint) && settings.compression !== 'none';
}

export type ConsoleSettings = { readonly type: 'console'; readonly format: 'text' | 'json' } & QueueSettings;
export type FileExportSettings = {
  readonly type: 'file';
  readonly path: string;
  readonly maxBytes: number;
  readonly keep: number;
} & QueueSettings;
export type ExporterSettings = OtlpSettings | JaegerSettings | ConsoleSettings | FileExportSettings;

/** OpenTelemetry's default (`OTEL_BSP_SCHEDULE_DELAY`). */
const BATCH_TIMEOUT_MS = 5000;
/** OpenTelemetry's default (`OTEL_BSP_EXPORT_TIMEOUT`). */
const EXPORT_TIMEOUT_MS = 30_000;
/**
 * OpenTelemetry's are 512 and 2048 spans, made for applications: one batch of logs in full-e2e is more than that. These
 * let requests grow to some 4 MiB of compact spans, which is also the most bytes that they may have (otlp-http.ts), and make a queue that fills half of the store where
 * spans are not compressed.
 */
const MAX_EXPORT_BATCH_SIZE = 32_768;
const MAX_QUEUE_SIZE = 262_144;
/** OpenTelemetry's default (`OTEL_EXPORTER_OTLP_TIMEOUT`). */
const TIMEOUT_MS = 10_000;

interface Given {
  readonly exporter?: ExporterConfig | undefined;
  readonly exporters?: readonly ExporterConfig[] | undefined;
}

export function resolveExporters(given: Given, env: EnvironmentReader): ExporterSettings[] {
  const configs = given.exporters ?? (given.exporter === undefined ? fromEnvironment(env) : [given.exporter]);
  // Headers and keys in the environment are secrets meant for one destination: where the file names several, they
  // go only to those that it leaves to the environment.
  const single = configs.filter((config) => config.type === 'otlp').length === 1;
  return configs.map((config) => resolveExporter(config, env, single));
}

function resolveExporter(config: ExporterConfig, env: EnvironmentReader, single: boolean): ExporterSettings {
  const queue = resolveQueue(config, env);
  switch (config.type) {
    case 'otlp':
      return { ...resolveOtlp(config, env, single || config.endpoint === undefined), ...queue };
    case 'jaeger':
      return {
        type: 'jaeger',
        endpoint: config.endpoint,
        headers: config.headers ?? {},
        timeoutMs: config.timeout ?? TIMEOUT_MS,
        compression: config.compression ?? (speaksThrift(config.endpoint) ? 'none' : 'auto'),
        tls: tlsSettings(config.tls),
        ...queue,
      };
    case 'console':
      return { type: 'console', format: config.format, ...queue };
    case 'file':
      return {
        type: 'file',
        path: config.path,
        maxBytes: config.max_bytes,
        keep: config.keep,
        ...queue,
      };
  }
}

const ENDPOINT = ['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', 'OTEL_EXPORTER_OTLP_ENDPOINT'];

/**
 * SDKs send to localhost when nothing says otherwise. An agent must not: nobody may listen there, and its own store
 * has the spans. So the environment must name an exporter or an endpoint.
 */
function fromEnvironment(env: EnvironmentReader): ExporterConfig[] {
  const named = env.text('OTEL_TRACES_EXPORTER');
  if (named === undefined) return env.url(ENDPOINT) === undefined ? [] : [{ type: 'otlp' }];
  const exporters: ExporterConfig[] = [];
  for (const name of new Set(named.split(',').map((part) => part.trim()))) {
    if (name === 'otlp') exporters.push({ type: 'otlp' });
    else if (name === 'console') exporters.push({ type: 'console', format: 'text' });
    else if (name !== 'none' && name !== '') env.ignore('OTEL_TRACES_EXPORTER', 'otlp, console or none');
  }
  return exporters;
}

function resolveOtlp(
  config: Extract<ExporterConfig, { type: 'otlp' }>,
  env: EnvironmentReader,
  secrets: boolean,
): Omit<OtlpSettings, keyof QueueSettings> {
  const protocol =
    config.protocol ?? env.choice(otlpNames('PROTOCOL'), ['http/protobuf', 'grpc']) ?? 'http/protobuf';
  const caFile = env.first(otlpNames('CERTIFICATE'))?.value;
  const certFile = secrets ? env.first(otlpNames('CLIENT_CERTIFICATE'))?.value : undefined;
  const keyFile = secrets ? env.first(otlpNames('CLIENT_KEY'))?.value : undefined;
  return {
    type: 'otlp',
    protocol,
    endpoint: otlpEndpoint(config.endpoint, protocol, env),
    headers: config.headers ?? (secrets ? env.pairs(otlpNames('HEADERS')) : {}),
    timeoutMs: config.timeout ?? env.integer(otlpNames('TIMEOUT'), 1) ?? TIMEOUT_MS,
    compression: config.compression ?? env.choice(otlpNames('COMPRESSION'), ['none', 'gzip']) ?? 'auto',
    tls: config.tls
      ? tlsSettings(config.tls)
      : {
          ...(caFile !== undefined && { caFile }),
          ...(certFile !== undefined && keyFile !== undefined && { certFile, keyFile }),
          insecureSkipVerify: false,
        },
  };
}

/** A variable for traces goes before the one for all signals. */
function otlpNames(what: string): string[] {
  return [`OTEL_EXPORTER_OTLP_TRACES_${what}`, `OTEL_EXPORTER_OTLP_${what}`];
}

/**
 * The OTLP exporter specification: the endpoint for all signals is a base to which HTTP adds `v1/traces`, one for traces
 * is used as it is; gRPC has no paths. Beyond it, an HTTP endpoint in the file without a path gets the usual one.
 */
function otlpEndpoint(
  configured: string | undefined,
  protocol: OtlpSettings['protocol'],
  env: EnvironmentReader,
): string {
  const http = protocol === 'http/protobuf';
  if (configured !== undefined) {
    return http && new URL(configured).pathname === '/' ? withTracesPath(configured) : configured;
  }
  const found = env.url(ENDPOINT);
  if (found === undefined) return http ? 'http://localhost:4318/v1/traces' : 'http://localhost:4317';
  return http && found.name === ENDPOINT[1] ? withTracesPath(found.value) : found.value;
}

function withTracesPath(base: string): string {
  const url = new URL(base);
  url.pathname = `${url.pathname.replace(/\/+$/, '')}/v1/traces`;
  return url.href;
}

function tlsSettings(tls: Extract<ExporterConfig, { type: 'otlp' }>['tls']): TlsSettings {
  return {
    ...(tls?.ca_file !== undefined && { caFile: tls.ca_file }),
    ...(tls?.cert_file !== undefined && { certFile: tls.cert_file }),
    ...(tls?.key_file !== undefined && { keyFile: tls.key_file }),
    insecureSkipVerify: tls?.insecure_skip_verify ?? false,
  };
}

function resolveQueue(config: ExporterConfig, env: EnvironmentReader): QueueSettings {
  const maxQueueSize = config.max_queue_size ?? env.integer('OTEL_BSP_MAX_QUEUE_SIZE', 1) ?? MAX_QUEUE_SIZE;
  const maxExportBatchSize =
    config.max_export_batch_size ??
    env.integer('OTEL_BSP_MAX_EXPORT_BATCH_SIZE', 1) ??
    // A queue must have room beside the batch that it is about to send.
    Math.min(MAX_EXPORT_BATCH_SIZE, Math.ceil(maxQueueSize / 2));
  return {
    batchTimeoutMs: config.batch_timeout ?? env.integer('OTEL_BSP_SCHEDULE_DELAY', 0) ?? BATCH_TIMEOUT_MS,
    maxQueueSize,
    // One of the two may come from elsewhere than the other: a batch can never be larger than the queue.
    maxExportBatchSize: Math.min(maxExportBatchSize, maxQueueSize),
    exportTimeoutMs: env.integer('OTEL_BSP_EXPORT_TIMEOUT', 1) ?? EXPORT_TIMEOUT_MS,
  };
}
