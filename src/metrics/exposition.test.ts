import { execFileSync, spawnSync } from 'node:child_process';
import { afterEach, expect, test } from 'vitest';
import { sampleStatus } from '../component/sample-status.ts';
import { sampleTracingStatus } from '../component/sample-tracing-status.ts';
import type { Batch } from '../record/batch.ts';
import type { Delivery } from '../record/delivery.ts';
import { configMetrics } from './config-metrics.ts';
import type { Definition } from './definitions/definition.ts';
import { definitions } from './definitions.ts';
import { deliveryMetrics } from './delivery-metrics.ts';
import { Exposition, prefersOpenMetrics } from './exposition.ts';
import { LagMetrics } from './lag-seconds.ts';
import { PipelineMetrics } from './pipeline-metrics.ts';
import { ProcessMetrics } from './process-metrics.ts';
import { statusMetrics } from './status-metrics.ts';
import { tracingMetrics } from './tracing-metrics.ts';

const OPEN_METRICS = 'application/openmetrics-text';

const processMetrics = new ProcessMetrics();
afterEach(() => processMetrics.close());

function exposition(status = sampleStatus) {
  return new Exposition({
    status: () => status,
    collectors: [
      statusMetrics,
      configMetrics,
      deliveryMetrics,
      new PipelineMetrics(),
      new LagMetrics(() => 0),
      tracingMetrics(() => sampleTracingStatus),
      processMetrics,
    ],
  });
}

test('plain text is the default', async () => {
  const { contentType, body } = await exposition().render();
  expect(contentType).toBe('text/plain; version=0.0.4; charset=utf-8');
  expect(body).toContain(
    '# TYPE log_capturer_logs_processed_total counter\nlog_capturer_logs_processed_total 78\n',
  );
});

test('OpenMetrics names counters without suffix, their series with it, and ends with EOF', async () => {
  const { contentType, body } = await exposition().render(OPEN_METRICS);
  expect(contentType).toBe('application/openmetrics-text; version=1.0.0; charset=utf-8');
  expect(body).toContain(
    '# TYPE log_capturer_logs_processed counter\nlog_capturer_logs_processed_total 78\n',
  );
  expect(body).not.toContain('_total_total');
  expect(body).toMatch(/\n# EOF\n$/);
});

test('a scrape in one format does not change the next in the other', async () => {
  const exposed = exposition();
  const names = async (accept: string) =>
    (await exposed.render(accept)).body
      .match(/^[a-z_]+(?=[ {])/gm)!
      .filter((name) => name.startsWith('log_'));
  const plain = await names('text/plain');
  const [open, plainAgain] = await Promise.all([names(OPEN_METRICS), names('text/plain')]);
  expect(plainAgain).toEqual(plain);
  expect(open).toEqual(plain);
});

test('every series carries exactly the labels that are declared', async () => {
  const { body } = await exposition().render();
  for (const line of body.split('\n').filter((line) => line !== '' && !line.startsWith('#'))) {
    const [, series, labelText] = /^(\w+)(?:\{(.*)\})? [-+.\deInf]+$/.exec(line)!;
    const declared: Definition | undefined = (definitions as Record<string, Definition>)[
      series!.replace(/_(bucket|sum|count)$/, '')
    ];
    const names = [...(labelText ?? '').matchAll(/(\w+)="/g)].map(([, name]) => name);
    expect(names.filter((name) => name !== 'le').toSorted(), line).toEqual([...declared!.labels].toSorted());
  }
});

test('no label value is a path', async () => {
  const { body } = await exposition().render();
  expect(body).not.toContain('/var/log');
});

test('ledgers of sources and sinks are exposed, and which of them is out of balance', async () => {
  const { body } = await exposition().render();
  expect(body).toContain('log_capturer_source_records_read_total{source="nginx"} 100\n');
  expect(body).toContain('log_capturer_source_records_dropped_total{source="nginx",reason="too_old"} 2\n');
  expect(body).toContain('log_capturer_source_lag_bytes{source="nginx"} 150\n');
  expect(body).toContain('log_capturer_source_streams{source="nginx"} 2\n');
  expect(body).toContain('log_capturer_sink_records_in_flight{sink="loki"} 21\n');
  expect(body).toContain('log_capturer_ledger_balanced{component="sink",id="archive"} 1\n');
  expect(body).toContain('log_capturer_ledger_balanced{component="sink",id="loki"} 0\n');
});

test('the first record that is dropped increases a series that was there before', async () => {
  const { body } = await exposition().render();
  expect(body).toContain('log_capturer_source_records_dropped_total{source="nginx",reason="gave_up"} 0\n');
  expect(body).toContain('log_capturer_sink_records_dropped_total{sink="loki",reason="buffer_full"} 0\n');
});

test('destinations cannot make ever more series with ever new reasons', async () => {
  const dropped = Object.fromEntries(Array.from({ length: 1000 }, (_, n) => [`reason_${n}`, 1]));
  const sinks = sampleStatus.sinks.map((sink) => ({ ...sink, ledger: { ...sink.ledger, dropped } }));
  const { body } = await exposition({ ...sampleStatus, sinks }).render();
  const series = body.match(/^log_capturer_sink_records_dropped_total\{sink="loki".*$/gm)!;
  expect(series).toHaveLength(33);
  expect(series.at(-1)).toBe('log_capturer_sink_records_dropped_total{sink="loki",reason="other"} 974');
});

test('ten thousand files make no more series than two', async () => {
  const seriesOf = async (files: number) => {
    const [nginx] = sampleStatus.sources;
    const streams = Array.from({ length: files }, (_, n) => ({
      ...nginx!.streams[0]!,
      id: `/var/log/${n}.log`,
    }));
    const { body } = await exposition({ ...sampleStatus, sources: [{ ...nginx!, streams }] }).render();
    expect(body).not.toContain('/var/log');
    expect(body).toContain(`log_capturer_source_streams{source="nginx"} ${files}\n`);
    return body.split('\n').length;
  };
  expect(await seriesOf(10_000)).toBe(await seriesOf(2));
});

test('a retrying sink is not up', async () => {
  const { body } = await exposition().render();
  expect(body).toContain('log_capturer_sink_up{sink="archive"} 1\n');
  expect(body).toContain('log_capturer_sink_up{sink="loki"} 0\n');
});

test('histograms of configured components are there before their first observation', async () => {
  const { body } = await exposition().render();
  expect(body).toContain('log_capturer_sink_send_duration_seconds_bucket{sink="loki",le="+Inf"} 0\n');
  expect(body).toContain('log_capturer_source_latency_seconds_count{source="nginx"} 0\n');
});

test('only numbers among the details are exposed', async () => {
  const { body } = await exposition().render();
  expect(body).toContain('log_capturer_source_detail{source="nginx",name="rotations"} 3\n');
  expect(body).not.toContain('start_at');
});

test('process metrics are plausible', async () => {
  const { body } = await exposition().render();
  const value = (name: string) => Number(new RegExp(`^${name} (.+)$`, 'm').exec(body)![1]);
  expect(value('process_resident_memory_bytes')).toBeGreaterThan(10e6);
  expect(value('process_cpu_seconds_total')).toBeGreaterThan(0);
  expect(Math.abs(value('process_start_time_seconds') - Date.now() / 1000)).toBeLessThan(3600);
  expect(value('process_open_fds')).toBeGreaterThan(2);
});

test.each([
  ['', false],
  ['*/*', false],
  ['text/plain', false],
  ['application/openmetrics-text', true],
  ['application/openmetrics-text; version=1.0.0; charset=utf-8', true],
  ['application/openmetrics-text;version=0.0.1', false],
  ['application/openmetrics-text;q=0', false],
  ['text/plain;q=0.9, application/openmetrics-text;q=0.3', false],
  [
    'application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2',
    true,
  ],
  [';;,q=,,=', false],
])('Accept %j prefers OpenMetrics: %s', (accept, expected) => {
  expect(prefersOpenMetrics(accept)).toBe(expected);
});

test('exemplars are in OpenMetrics only, behind the bucket that their value lies in', async () => {
  const metrics = new PipelineMetrics({
    tracedLogs: () => [
      { source: 'nginx', traceId: () => 'c0ffee', seconds: 0.125, endedAtMs: 1_700_000_000_500 },
    ],
  });
  const attempts = [{ startedAt: 0, endedAt: 125 }];
  const stream = { source: 'nginx' };
  const segments = [{ stream, index: 0, readAt: 0, count: 3, live: null }];
  const batch = { segments } as unknown as Batch;
  metrics.completed(batch, [{ attempts, segments } as unknown as Delivery]);
  const exposed = new Exposition({ status: () => sampleStatus, collectors: [metrics] });
  expect((await exposed.render(OPEN_METRICS)).body).toContain(
    'log_capturer_source_latency_seconds_bucket{source="nginx",le="0.25"} 3 # {trace_id="c0ffee"} 0.125 1700000000.5\n',
  );
  expect((await exposed.render()).body).not.toContain('c0ffee');
});

const hasPromtool = process.env.CI !== undefined || spawnSync('promtool', ['--version']).status === 0;

test.skipIf(!hasPromtool)(
  'promtool finds nothing to say (skipped where promtool is not installed)',
  async () => {
    const { body } = await exposition().render();
    const said = execFileSync('promtool', ['check', 'metrics'], {
      input: body,
      encoding: 'utf8',
      stdio: 'pipe',
    });
    expect(said).toBe('');
  },
);
