/** Tracing turned up and down through the HTTP API, on the real tracing. */
import { describe, expect, test } from 'vitest';
import { sampleStatus } from '../../src/component/sample-status.ts';
import { buildServer } from '../../src/http/server.ts';
import { TracingRig } from '../fixtures/tracing.ts';

function start(tracing: object = {}) {
  const rig: TracingRig = new TracingRig({
    tracing,
    observers: [{ sealed: (batch) => rig.tracing.rates.sealed(batch) }],
  });
  const stream = { ...sampleStatus.sources[0]!.streams[0]!, id: '/var/log/a.log' };
  const source = { ...sampleStatus.sources[0]!, id: 'a', streams: [stream] };
  const server = buildServer({
    log: rig.log,
    status: () => ({ ...sampleStatus, sources: [source] }),
    metrics: { render: async () => ({ contentType: 'text/plain', body: '' }) },
    tracing: rig.tracing,
    now: () => rig.clock.toEpoch(rig.clock.now()),
  });
  const ask = async (method: 'GET' | 'PUT' | 'PATCH' | 'POST' | 'DELETE', url: string, payload?: object) => {
    const answer = await server.inject({ method, url, ...(payload && { payload }) });
    return { code: answer.statusCode, body: answer.json() };
  };
  const audited = async () => (await ask('GET', '/api/audit')).body.changes;
  return { rig, ask, audited };
}

describe('the mode', () => {
  test('changes at once, shows as an override, and goes back when that is deleted', async () => {
    const { rig, ask } = start();
    expect(await ask('PUT', '/api/tracing/mode', { mode: 'full-e2e' })).toEqual({
      code: 200,
      body: { mode: 'full-e2e', configured: 'hybrid' },
    });
    await rig.deliver(['one']);
    expect((await ask('GET', '/api/tracing/status')).body).toMatchObject({
      mode: 'full-e2e',
      logs_traced: 1,
      overrides: { mode: { value: 'full-e2e', configured: 'hybrid', since: '2026-11-22T18:05:11.000Z' } },
    });
    expect((await ask('DELETE', '/api/tracing/mode')).body).toEqual({ mode: 'hybrid', configured: 'hybrid' });
    expect((await ask('GET', '/api/tracing/status')).body).toMatchObject({ mode: 'hybrid', overrides: {} });
  });

  test('for a while', async () => {
    const { rig, ask } = start();
    const { body } = await ask('PUT', '/api/tracing/mode', { mode: 'off', duration: '1m' });
    expect(body).toEqual({ mode: 'off', configured: 'hybrid', expires_at: '2026-11-22T18:06:11.000Z' });
    await rig.clock.advance(60_000);
    expect((await ask('GET', '/api/tracing/status')).body.mode).toBe('hybrid');
  });

  test('makes rules possible where the configuration does not', async () => {
    const { ask } = start({ mode: 'off' });
    const refused = await ask('POST', '/api/tracing/enable', { source_id: 'a' });
    expect([refused.code, refused.body.mode]).toEqual([409, 'off']);
    await ask('PUT', '/api/tracing/mode', { mode: 'hybrid' });
    expect((await ask('POST', '/api/tracing/enable', { source_id: 'a' })).code).toBe(200);
  });

  test.each([
    [{ mode: 'on' }, 'body.mode'],
    [{}, 'body.mode'],
    [{ mode: 'off', duration: '59s' }, 'body.duration'],
    [{ mode: 'off', duration: '25h' }, 'body.duration'],
    [{ mode: 'off', until: 'noon' }, 'body.until'],
  ])('400 for %j names %s', async (payload, field) => {
    const { rig, ask } = start();
    const { code, body } = await ask('PUT', '/api/tracing/mode', payload);
    expect([code, body.errors[0].field]).toEqual([400, field]);
    expect(rig.tracing.status().mode).toBe('hybrid');
  });
});

describe('settings', () => {
  test('are changed one by one and taken back one by one or all together', async () => {
    const { ask } = start();
    await ask('PATCH', '/api/tracing/settings', { log_tracing_rate: 0.5, tail: { slow: '250ms' } });
    const { body } = await ask('PATCH', '/api/tracing/settings', {
      log_tracing_rate: null,
      max_overhead: 0.05,
    });
    expect(body.settings).toMatchObject({
      log_tracing_rate: 0,
      'tail.slow': '250ms',
      max_overhead: 0.05,
      'adaptive_sampling.latency_threshold': '1s',
    });
    expect(Object.keys(body.overrides)).toEqual(['max_overhead', 'tail.slow']);
    expect((await ask('GET', '/api/tracing/settings')).body).toEqual(body);
    expect((await ask('DELETE', '/api/tracing/settings')).body).toMatchObject({
      settings: { max_overhead: 'off', 'tail.slow': '1s' },
      overrides: {},
    });
  });

  test('taking them back leaves the mode', async () => {
    const { ask } = start();
    await ask('PUT', '/api/tracing/mode', { mode: 'full-e2e' });
    await ask('PATCH', '/api/tracing/settings', { log_spans: 'waterfall' });
    await ask('DELETE', '/api/tracing/settings');
    expect((await ask('GET', '/api/tracing/status')).body).toMatchObject({
      mode: 'full-e2e',
      log_spans: 'compact',
    });
  });

  test('that have no effect now are said to have none', async () => {
    const { ask } = start({ sampler: { type: 'always_off' } });
    const { body } = await ask('PATCH', '/api/tracing/settings', { log_tracing_rate: 1 });
    expect(body.notes).toEqual(['log_tracing_rate has no effect: tracing.sampler.type is always_off']);
    await ask('PUT', '/api/tracing/mode', { mode: 'system-only' });
    const { notes } = (await ask('GET', '/api/tracing/settings')).body;
    expect(notes[0]).toBe(
      'in mode system-only no log is traced: log_tracing_rate will have an effect in others',
    );
  });

  test.each([
    [{ log_tracing_rate: 2 }, 'body.log_tracing_rate', 'expected a number from 0 (none) to 1 (all)'],
    [{ tail: { slow: 5 } }, 'body.tail.slow', 'expected a duration with a unit'],
    [{ mode: 'off' }, 'body.mode', 'unknown; accepted: log_tracing_rate'],
    [{}, 'body', 'expected at least one setting to change'],
    [
      { log_tracing_rate: 1, adaptive_sampling: { window_size: '1s' } },
      'body.adaptive_sampling.window_size',
      'check_interval (30s) must be at most window_size (1s); change both',
    ],
  ])('400 for %j names %s, and nothing changes', async (payload, field, detail) => {
    const { rig, ask, audited } = start();
    const { code, body } = await ask('PATCH', '/api/tracing/settings', payload);
    expect(code).toBe(400);
    expect(body.errors[0]).toEqual({ field, detail: expect.stringContaining(detail) });
    expect(rig.tracing.status().overrides).toEqual({});
    expect(await audited()).toEqual([]);
  });
});

test('every change is in the audit trail with before and after; what changed nothing is not', async () => {
  const { ask, audited } = start();
  await ask('DELETE', '/api/tracing/mode');
  await ask('DELETE', '/api/tracing/settings');
  await ask('PUT', '/api/tracing/mode', { mode: 'off' });
  await ask('PATCH', '/api/tracing/settings', { tail: { slow: '2s' }, log_tracing_rate: 0 });
  await ask('DELETE', '/api/tracing/settings');
  await ask('DELETE', '/api/tracing/mode');
  expect((await audited()).toReversed()).toMatchObject([
    { action: 'tracing.mode', target: 'mode', before: 'hybrid', after: 'off' },
    { action: 'tracing.settings', before: { 'tail.slow': '1s' }, after: { 'tail.slow': '2s' } },
    { action: 'tracing.settings', before: { 'tail.slow': '2s' }, after: { 'tail.slow': '1s' } },
    { action: 'tracing.mode', before: 'off', after: 'hybrid' },
  ]);
});

test('rules are listed in every mode', async () => {
  const { ask } = start();
  await ask('POST', '/api/tracing/enable', { source_id: 'a', note: 'OPS-1' });
  await ask('PUT', '/api/tracing/mode', { mode: 'off' });
  expect((await ask('GET', '/api/tracing/rules')).body).toMatchObject({
    mode: 'off',
    rules: [{ source_id: 'a', rate: 1, remaining: '10m', note: 'OPS-1' }],
  });
});

describe('explain', () => {
  test('what is decided, and what a rule would cost', async () => {
    const { rig, ask } = start({ log_tracing_rate: 0.25 });
    await rig.deliver(['one', 'two']);
    const { code, body } = await ask('POST', '/api/tracing/explain', {
      source_id: 'a',
      sample: 'one',
      rule: { rate: 0.5, duration: '2m' },
    });
    expect(code).toBe(200);
    expect(body).toMatchObject({
      source_id: 'a',
      mode: 'hybrid',
      streams: 1,
      decisions: [{ streams: 1, examples: ['/var/log/a.log'], rate: 0.25, reason: 'base_rate' }],
      cost: { rule: { rate: 0.5, duration_seconds: 120 }, traces_per_second: 1 },
    });
    expect(body.decisions[0].steps.map(({ step }: { step: string }) => step)).toEqual([
      'exclude',
      'mode',
      'on_demand',
      'incoming_context',
      'adaptive',
      'base_rate',
      'max_overhead',
      'tail',
    ]);
  });

  test.each([
    [{}, 'body.source_id'],
    [{ source_id: '[' }, 'body.source_id'],
    [{ source_id: 'a', rule: { rate: 2 } }, 'body.rule.rate'],
    [{ source_id: 'a', rule: { duration: '1s' } }, 'body.rule.duration'],
    [{ source_id: 'a', rule: { where: { matches: '(a)\\1' } } }, 'body.rule.where.matches'],
    [{ source_id: 'a', sample: 5 }, 'body.sample'],
    [{ source_id: 'a', sampel: 'x' }, 'body.sampel'],
  ])('400 for %j names %s', async (payload, field) => {
    const { ask } = start();
    const { code, body } = await ask('POST', '/api/tracing/explain', payload);
    expect([code, body.errors[0].field]).toEqual([400, field]);
  });

  test('a sample of the largest size is taken, a larger one is not', async () => {
    const { ask } = start();
    const explain = (length: number) =>
      ask('POST', '/api/tracing/explain', { source_id: 'a', sample: '\u0000'.repeat(length) });
    expect((await explain(65_536)).code).toBe(200);
    expect((await explain(65_537)).code).toBe(400);
  });
});
