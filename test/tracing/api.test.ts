/** The HTTP API on top of the real tracing, and what docs/TRACING_GUIDE.md says of its fields. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { sampleStatus } from '../../src/component/sample-status.ts';
import { buildServer } from '../../src/http/server.ts';
import { Exposition } from '../../src/metrics/exposition.ts';
import { tracingMetrics } from '../../src/metrics/tracing-metrics.ts';
import { TracingRig } from '../fixtures/tracing.ts';

/** A pipeline whose source `a` reads /var/log/a.log, and the server of its tracing. */
function start(tracing: object = {}) {
  const rig = new TracingRig({ tracing });
  const streams = [{ ...sampleStatus.sources[0]!.streams[0]!, id: '/var/log/a.log' }];
  const status = () => ({ ...sampleStatus, sources: [{ ...sampleStatus.sources[0]!, id: 'a', streams }] });
  const collectors = [tracingMetrics(() => rig.tracing.status())];
  const metrics = new Exposition({ status, collectors });
  const now = () => rig.clock.toEpoch(rig.clock.now());
  const server = buildServer({ log: rig.log, status, metrics, tracing: rig.tracing, now });
  const get = async (url: string) => (await server.inject(url)).json();
  const post = (url: string, payload: object) => server.inject({ method: 'POST', url, payload });
  return { rig, server, get, post };
}

test('a rule is enabled, makes traces that can be read, and ends', async () => {
  const { rig, get, post } = start();
  const enabled = await post('/api/tracing/enable', { source_id: 'a', duration: '1m', note: 'OPS-1' });
  expect(enabled.json()).toEqual({
    status: 'enabled',
    source_id: 'a',
    rate: 1,
    duration: '1m',
    expires_at: '2026-11-22T18:06:11.000Z',
    matched_sources: ['a', '/var/log/a.log'],
  });
  await rig.deliver(['one', 'two']);
  await rig.deliver(['of another source'], rig.stream('b'));

  const { traces } = await get('/api/traces?since=10s');
  expect(traces).toHaveLength(2);
  expect(traces[0]).toMatchObject({
    source_id: '/var/log/a.log',
    reason: 'on_demand',
    outcome: 'delivered',
    started_at: '2026-11-22T18:05:11.000000Z',
    duration_ms: 250,
  });
  const details = await get(`/api/traces/${traces[0].trace_id}`);
  const [root, ...children] = details.traces[0].spans;
  expect(root.attributes).toMatchObject({ 'log.offset': 4, 'log_capturer.on_demand.note': 'OPS-1' });
  expect(children.map((span: { name: string }) => span.name)).toEqual(['dispatcher.queue', 'sink.out.send']);
  expect(details.linked[0].spans[0]).toMatchObject({
    name: 'dispatcher.process_batch',
    parent_span_id: null,
  });
  expect(root.links[0].trace_id).toBe(details.linked[0].trace_id);
  expect(await get('/api/tracing/status')).toMatchObject({
    logs_traced: 2,
    on_demand_rules: [{ source_id: 'a', traces: 2, note: 'OPS-1' }],
  });

  expect((await post('/api/tracing/disable', { source_id: 'a' })).json().status).toBe('disabled');
  await rig.deliver(['three']);
  expect((await get('/api/traces')).traces).toHaveLength(2);
});

test('the answer names every wrong field of a rule, and what is accepted', async () => {
  const { post } = start();
  const rule = { source_id: '[', rate: 1.5, duration: '5s', where: { lvl: 'warn', matches: '(' }, foo: 1 };
  const answer = await post('/api/tracing/enable', rule);
  expect(answer.statusCode).toBe(400);
  expect(answer.json().errors).toEqual([
    { field: 'body.source_id', detail: '"[" without its "]"' },
    { field: 'body.rate', detail: 'expected a number from 0 (mute) to 1 (every log)' },
    { field: 'body.duration', detail: expect.stringContaining('at least 1m, at most 24h') },
    { field: 'body.where.matches', detail: expect.stringContaining('expected a regular expression') },
    { field: 'body.where.lvl', detail: 'unknown; accepted: level, contains, matches' },
    {
      field: 'body.foo',
      detail: 'unknown; accepted: source_id, rate, duration, where, max_traces, note',
    },
  ]);
});

test('beyond max_rules 429, outside hybrid 409, and rules turned off 409', async () => {
  const full = start({ on_demand: { max_rules: 1 } });
  await full.post('/api/tracing/enable', { source_id: 'a' });
  const second = await full.post('/api/tracing/enable', { source_id: 'b' });
  expect([second.statusCode, second.json().detail]).toEqual([429, expect.stringContaining('max_rules is 1')]);

  const all = start({ mode: 'full-e2e' });
  const refused = await all.post('/api/tracing/enable', { source_id: 'a' });
  expect([refused.statusCode, refused.json().mode]).toEqual([409, 'full-e2e']);

  const without = start({ on_demand: { enabled: false } });
  const off = await without.post('/api/tracing/enable', { source_id: 'a' });
  expect([off.statusCode, off.json().detail]).toEqual([409, expect.stringContaining('on_demand.enabled')]);
});

test('a source that is never traced is not among those that match', async () => {
  const { post } = start({ exclude: { sources: ['/var/log/a.log'] } });
  const { matched_sources } = (await post('/api/tracing/enable', { source_id: '**' })).json();
  expect(matched_sources).toEqual(['a']);
});

describe('docs/TRACING_GUIDE.md', () => {
  const page = readFileSync(new URL('../../docs/TRACING_GUIDE.md', import.meta.url), 'utf8');

  test('its filters and fields are all there are, and no others', async () => {
    const { server, post } = start();
    const firstCells = (heading: string) =>
      page
        .slice(page.indexOf(heading))
        .split('\n\n')[0]!
        .split('\n')
        .slice(2)
        .flatMap((row) => [...row.split('|')[1]!.matchAll(/`(\w+)`/g)].map(([, name]) => name));
    const accepted = (detail: string) =>
      detail
        .replace(/^.*accepted: /, '')
        .split(', ')
        .toSorted();
    const query = await server.inject('/api/traces?x=1');
    expect(firstCells('| filter |').toSorted()).toEqual(accepted(query.json().errors[0].detail));
    const rule = await post('/api/tracing/enable', { source_id: 'a', x: 1 });
    expect(firstCells('| field |').toSorted()).toEqual(accepted(rule.json().errors[0].detail));
  });
});
