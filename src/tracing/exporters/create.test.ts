import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { JaegerCollector } from '../../../test/stubs/jaeger-collector.ts';
import { OtlpCollector } from '../../../test/stubs/otlp-collector.ts';
import { ENVELOPE, tracesRun } from '../../../test/stubs/spans.ts';
import { SystemClock } from '../../component/clock.ts';
import type { ExporterSettings } from '../settings/settings-exporters.ts';
import { createExporters } from './create.ts';

const queue = {
  batchTimeoutMs: 60_000,
  maxExportBatchSize: 512,
  maxQueueSize: 2048,
  exportTimeoutMs: 30_000,
};
const http = {
  headers: {},
  timeoutMs: 10_000,
  compression: 'none',
  tls: { insecureSkipVerify: false },
} as const;

function create(settings: ExporterSettings[]) {
  const logged: string[] = [];
  let printed = '';
  const log = (_: object, message: string) => void logged.push(message);
  const exporters = createExporters(settings, {
    envelope: ENVELOPE,
    version: '1.2.3',
    clock: new SystemClock(),
    log: { debug: log, info: log, warn: log, error: log },
    console: {
      write(text, callback) {
        printed += text;
        callback();
      },
    },
  });
  return { exporters, logged, printed: () => printed };
}

test('every configured exporter gets every span, each in its own protocol', async () => {
  const otlp = await OtlpCollector.http();
  const grpc = await OtlpCollector.grpc();
  const jaeger = await JaegerCollector.start();
  const folder = await mkdtemp(join(tmpdir(), 'create-exporters-'));
  onTestFinished(async () => {
    await Promise.all([otlp.close(), grpc.close(), jaeger.close(), rm(folder, { recursive: true })]);
  });
  const path = join(folder, 'spans.jsonl');
  const { exporters, printed, logged } = create([
    { type: 'otlp', protocol: 'http/protobuf', endpoint: `${otlp.url}/v1/traces`, ...http, ...queue },
    { type: 'otlp', protocol: 'grpc', endpoint: grpc.url, ...http, ...queue },
    { type: 'jaeger', endpoint: jaeger.url, ...http, ...queue },
    { type: 'jaeger', endpoint: `${otlp.url}/v1/traces`, ...http, ...queue },
    { type: 'console', format: 'text', ...queue },
    { type: 'file', path, maxBytes: 1e9, keep: 1, ...queue },
  ]);
  const run = tracesRun(3);
  for (const exporter of exporters) exporter.offer(run);
  expect(run.holders).toBe(6);
  await Promise.all(exporters.map((exporter) => exporter.shutdown(30_000)));
  expect(exporters.map((exporter) => exporter.status())).toEqual(
    [`${otlp.url}/v1/traces`, grpc.url, jaeger.url, `${otlp.url}/v1/traces`, undefined, path].map(
      (endpoint, index) => ({
        type: ['otlp', 'otlp', 'jaeger', 'jaeger', 'console', 'file'][index],
        ...(endpoint !== undefined && { endpoint }),
        queued_spans: 0,
        exported_spans: 3,
        dropped_spans: { queue_full: 0, export_failed: 0, shutdown: 0 },
        last_exported_at: expect.any(String),
      }),
    ),
  );
  expect(run.holders).toBe(0);
  expect(otlp.spans).toHaveLength(6);
  expect(otlp.received[0]!.headers['user-agent']).toBe('log-capturer/1.2.3');
  expect(grpc.spans).toHaveLength(3);
  expect(jaeger.batches[0]!.spans).toHaveLength(3);
  expect(printed().split('\n')).toHaveLength(4);
  expect(JSON.parse(await readFile(path, 'utf8'))).toHaveProperty('resourceSpans');
  expect(logged.filter((message) => message.includes('legacy'))).toHaveLength(1);
});
