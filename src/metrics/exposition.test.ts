import { execFileSync, spawnSync } from 'node:child_process';
import { afterEach, expect, test } from 'vitest';
import { sampleStatus } from '../component/sample-status.ts';
import { sampleTracingStatus } from '../component/sample-tracing-status.ts';
import type { Definition } from './definitions/definition.ts';
import { definitions } from './definitions.ts';
import { Exposition, prefersOpenMetrics } from './exposition.ts';
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
      new PipelineMetrics(),
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
