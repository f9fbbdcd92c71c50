/**
 * The keys of an exporter of spans (`tracing.exporter`, and each of `tracing.exporters`). What an `OTEL_*` variable may
 * set has no default here; settings.ts applies those. Used by schema.ts.
 */
import { z } from 'zod';
import { byteSize, duration } from '../../component/units.ts';

const url = () =>
  z.string().refine((value) => URL.canParse(value) && /^https?:\/\/[^/]/.test(value), {
    error: 'expected a URL with http:// or https://, such as http://127.0.0.1:4318/v1/traces',
  });

const queue = {
  batch_timeout: duration({ min: '1ms', max: '10m' })
    .optional()
    .describe('Longest time a span waits for others. Default: OTEL_BSP_SCHEDULE_DELAY, else 5s.'),
  max_export_batch_size: z
    .int()
    .min(1)
    .max(1_000_000)
    .optional()
    .describe(
      'Most spans in a request. Default: OTEL_BSP_MAX_EXPORT_BATCH_SIZE, else 32768, at most half of max_queue_size.',
    ),
  max_queue_size: z
    .int()
    .min(1)
    .max(100_000_000)
    .optional()
    .describe(
      'Most spans that wait for export, besides those of up to four requests under way; more are dropped and counted. Default: OTEL_BSP_MAX_QUEUE_SIZE, else 262144.',
    ),
};

const path = () => z.string().min(1, { error: 'expected the path of a file' });
const tls = z
  .strictObject({
    ca_file: path().optional().describe('Certificates that the server is checked against (PEM).'),
    cert_file: path().optional().describe('Certificate that the agent shows (PEM).'),
    key_file: path().optional().describe("Key of the agent's certificate (PEM)."),
    insecure_skip_verify: z
      .boolean()
      .default(false)
      .describe("Accepts any server. For tests: it makes the server's identity worthless."),
  })
  .refine(({ cert_file, key_file }) => (cert_file === undefined) === (key_file === undefined), {
    path: ['cert_file'],
    error: 'cert_file and key_file belong together; give both or none',
  });

const http = {
  headers: z
    .record(
      z.string().regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, { error: 'expected the name of a header' }),
      z.string().meta({ writeOnly: true }),
    )
    .optional()
    .describe('Headers of every request, such as an API key.'),
  timeout: duration({ min: '1ms', max: '10m' })
    .optional()
    .describe('Longest time a request may take. Default: OTEL_EXPORTER_OTLP_TIMEOUT, else 10s.'),
  compression: z
    .enum(['auto', 'gzip', 'none'])
    .optional()
    .describe(
      'Compression of requests. auto: gzip with spans that are compressed while they are encoded, which costs less than sending them as they are; gzip: compresses other spans too. Default: OTEL_EXPORTER_OTLP_COMPRESSION, else auto; none for Thrift.',
    ),
  tls: tls.optional().describe('Certificates, for https endpoints.'),
};

const otlp = z.strictObject({
  type: z.literal('otlp').describe('OpenTelemetry protocol: collectors, Tempo, Jaeger and most vendors.'),
  endpoint: url()
    .optional()
    .describe(
      'Where to send. Default: OTEL_EXPORTER_OTLP_TRACES_ENDPOINT, OTEL_EXPORTER_OTLP_ENDPOINT, else http://localhost:4318/v1/traces, or http://localhost:4317 with grpc.',
    ),
  protocol: z
    .enum(['http/protobuf', 'grpc'])
    .optional()
    .describe('How to send. Default: OTEL_EXPORTER_OTLP_PROTOCOL, else http/protobuf.'),
  ...http,
  ...queue,
});

const jaeger = z.strictObject({
  type: z.literal('jaeger').describe('Jaeger: Thrift over HTTP to /api/traces, OTLP to /v1/traces.'),
  endpoint: url()
    .default('http://localhost:14268/api/traces')
    .describe('Where to send; the path decides the protocol.'),
  ...http,
  ...queue,
});

const consoleExporter = z.strictObject({
  type: z.literal('console').describe('Standard error, for a look at what is traced.'),
  format: z.enum(['text', 'json']).default('text').describe('One line a span, for people or for programs.'),
  ...queue,
});

const file = z.strictObject({
  type: z.literal('file').describe('A file of OTLP JSON, one request a line.'),
  path: path().describe('Path of the file; its folder is created.'),
  max_bytes: byteSize({ min: '64KiB' })
    .prefault('100MiB')
    .describe('A file that would grow beyond this is set aside.'),
  keep: z.int().min(1).max(1000).default(5).describe('How many files set aside are kept.'),
  ...queue,
});

export const exporterSchema = z
  .discriminatedUnion('type', [otlp, jaeger, consoleExporter, file], {
    error: 'expected type: otlp, jaeger, console or file',
  })
  .superRefine(({ max_export_batch_size: batch, max_queue_size: queued }, context) => {
    if (batch === undefined || queued === undefined || batch <= queued) return;
    context.addIssue({
      code: 'custom',
      path: ['max_export_batch_size'],
      message: `expected at most max_queue_size (${queued}): a batch is taken from the queue`,
    });
  });

export type ExporterConfig = z.output<typeof exporterSchema>;
