/**
 * Builds the exporters that the settings name, each with its own queue, so that none waits for another. Called by the
 * agent at start and when the settings change.
 */
import type { Clock } from '../../component/clock.ts';
import type { Logger } from '../../component/logger.ts';
import { type ExporterSettings, type JaegerSettings, speaksThrift } from '../settings/settings-exporters.ts';
import type { Envelope } from '../spans/resource.ts';
import { ConsoleTransport, type LineOutput } from './console.ts';
import { ExportQueue } from './export-queue.ts';
import type { SpanExporter } from './exporter.ts';
import { FileTransport } from './file.ts';
import { JaegerTransport } from './jaeger.ts';
import { OtlpGrpcTransport } from './otlp-grpc.ts';
import { OtlpHttpTransport, type OtlpOptions } from './otlp-http.ts';
import type { Transport } from './transport.ts';

export interface ExporterContext {
  readonly envelope: Envelope;
  /** Version of the agent, for `user-agent`. */
  readonly version: string;
  readonly clock: Clock;
  readonly log: Logger;
  /** Where console exporters write; standard error. */
  readonly console?: LineOutput;
}

/** Requests under way to one destination: enough to fill the time that answers take. */
const CONCURRENCY = 4;

/** Opens and connects to nothing yet. Throws when a file of certificates cannot be read. */
export function createExporters(
  settings: readonly ExporterSettings[],
  context: ExporterContext,
): SpanExporter[] {
  return settings.map((each) => createExporter(each, context));
}

function createExporter(settings: ExporterSettings, context: ExporterContext): SpanExporter {
  const network = settings.type === 'otlp' || settings.type === 'jaeger';
  return new ExportQueue({
    type: settings.type,
    transport: createTransport(settings, context),
    settings,
    attemptTimeoutMs: network ? settings.timeoutMs : settings.exportTimeoutMs,
    concurrency: network ? CONCURRENCY : 1,
    clock: context.clock,
    log: context.log,
  });
}

function createTransport(settings: ExporterSettings, context: ExporterContext): Transport {
  const { envelope, version, clock } = context;
  const options = { envelope, clock, connections: CONCURRENCY, userAgent: `log-capturer/${version}` };
  switch (settings.type) {
    case 'otlp':
      return settings.protocol === 'grpc'
        ? new OtlpGrpcTransport({ settings, ...options })
        : new OtlpHttpTransport({ settings, ...options });
    case 'jaeger':
      return createJaeger({ settings, ...options }, context.log);
    case 'console':
      return new ConsoleTransport(settings.format, context.console ?? process.stderr);
    case 'file':
      return new FileTransport({ ...settings, envelope });
  }
}

function createJaeger(options: OtlpOptions & { settings: JaegerSettings }, log: Logger): Transport {
  if (!speaksThrift(options.settings.endpoint)) return new OtlpHttpTransport(options);
  const transport = new JaegerTransport(options);
  log.info(
    { endpoint: transport.endpoint },
    "Jaeger's Thrift endpoint is legacy; if this Jaeger is 1.35 or newer, prefer its OTLP endpoint: http://HOST:4318/v1/traces",
  );
  return transport;
}
