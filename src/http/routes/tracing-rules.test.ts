import { describe, expect, test } from 'vitest';
import { MODES } from '../../tracing/mode.ts';
import { RuleRefusedError } from '../../tracing/on-demand/on-demand.ts';
import { ask, FakeTracing } from './tracing-api.fixture.ts';

const enable = (tracing: FakeTracing, payload: object | string) =>
  ask(tracing, 'POST', '/api/tracing/enable', payload);
const disable = (tracing: FakeTracing, payload: object) =>
  ask(tracing, 'POST', '/api/tracing/disable', payload);

/** A tracing with one rule, for the configured source nginx. */
function withRule(): FakeTracing {
  const tracing = new FakeTracing();
  tracing.rules.set('nginx', { source_id: 'nginx', rate: 1 });
  return tracing;
}

describe('enable', () => {
  test('answers with the rule that is in force and what it names', async () => {
    const tracing = new FakeTracing();
    const { status, body } = await enable(tracing, { source_id: 'nginx', rate: 0.5, note: 'OPS-1' });
    expect(status).toBe(200);
    expect(body).toEqual({
      status: 'enabled',
      source_id: 'nginx',
      rate: 0.5,
      duration: '10m',
      expires_at: '2026-11-22T18:10:00.000Z',
      matched_sources: ['nginx', '/var/log/nginx/a.log', '/var/log/nginx/b.log'],
    });
    expect(tracing.rules.get('nginx')).toEqual({ source_id: 'nginx', rate: 0.5, note: 'OPS-1' });
  });

  test('what matches nothing yet is enabled all the same', async () => {
    const { status, body } = await enable(new FakeTracing(), { source_id: '/var/log/later.log' });
    expect([status, body.matched_sources, body.rate]).toEqual([200, [], 1]);
  });

  test('a path names that stream only', async () => {
    const { body } = await enable(new FakeTracing(), { source_id: '/var/log/nginx/b.log' });
    expect(body.matched_sources).toEqual(['/var/log/nginx/b.log']);
  });

  test('is audited with which logs it is about, and when it ends', async () => {
    const where = { contains: 'x' };
    const { logged } = await enable(new FakeTracing(), { source_id: 'nginx', where, max_traces: 5 });
    expect(logged).toMatchObject([
      [{ after: { rate: 1, duration: '10m', where, max_traces: 5 } }, expect.any(String)],
    ]);
  });

  test('is audited with its note and who asked', async () => {
    const { logged } = await enable(new FakeTracing(), { source_id: 'nginx', note: 'OPS-1' });
    expect(logged).toEqual([
      [
        {
          audit: true,
          who: 'anonymous',
          role: 'control',
          via: 'none',
          from: '127.0.0.1',
          action: 'tracing.enable',
          target: 'nginx',
          after: { rate: 1, duration: '10m' },
          note: 'OPS-1',
        },
        'changed through the API',
      ],
    ]);
  });

  test.each(MODES.filter((mode) => mode !== 'hybrid'))('409 in mode %s, and it is named', async (mode) => {
    const tracing = new FakeTracing();
    tracing.mode = mode;
    const { status, type, body, logged } = await enable(tracing, { source_id: 'nginx' });
    expect(status).toBe(409);
    expect(type).toMatch(/^application\/problem\+json/);
    expect(body).toMatchObject({ status: 409, title: 'Conflict', mode });
    expect(body.detail).toContain(`tracing is in mode ${mode}`);
    expect(tracing.rules.size).toBe(0);
    expect(logged).toEqual([]);
  });

  test('409 while rules are turned off', async () => {
    const tracing = new FakeTracing();
    tracing.refusal = new RuleRefusedError('disabled', 'on-demand tracing is turned off');
    const { status, body } = await enable(tracing, { source_id: 'nginx' });
    expect([status, body.detail]).toEqual([409, 'On-demand tracing is turned off.']);
  });

  test('429 beyond max_rules', async () => {
    const tracing = new FakeTracing();
    tracing.refusal = new RuleRefusedError('too_many', '100 rules are in force');
    const { status, type, body, logged } = await enable(tracing, { source_id: 'nginx' });
    expect([status, body.detail]).toEqual([429, '100 rules are in force.']);
    expect(type).toMatch(/^application\/problem\+json/);
    expect(logged).toEqual([]);
  });

  test('another error is a fault of ours', async () => {
    const tracing = new FakeTracing();
    tracing.refusal = new Error('secret');
    const { status, body } = await enable(tracing, { source_id: 'nginx' });
    expect(status).toBe(500);
    expect(JSON.stringify(body)).not.toContain('secret');
  });

  test.each([
    ['a rate above 1', { source_id: 'a', rate: 2 }, 'body.rate'],
    ['a rate that is text', { source_id: 'a', rate: '1' }, 'body.rate'],
    ['no source', { rate: 1 }, 'body.source_id'],
    ['an empty source', { source_id: '' }, 'body.source_id'],
    ['a list', [], 'body'],
    ['text', '"nginx"', 'body'],
    ['nothing', 'null', 'body'],
  ])('400 names the field: %s', async (_, payload, field) => {
    const { status, type, body } = await enable(new FakeTracing(), payload);
    expect(status).toBe(400);
    expect(type).toMatch(/^application\/problem\+json/);
    expect(body.errors.map((error: { field: string }) => error.field)).toEqual([field]);
  });

  test.each([
    [{ source_id: 'a', max_traces: 0 }, 'expected at least 1'],
    [{ source_id: 'a', note: 5 }, 'expected text'],
    [{ source_id: 'a', where: { contains: [] } }, 'expected text'],
    [{ source_id: 'a', where: 'x' }, 'expected a mapping of keys to values'],
  ])('400 says what is accepted: %j', async (payload, detail) => {
    const { body } = await enable(new FakeTracing(), payload);
    expect(body.errors).toMatchObject([{ detail }]);
  });

  test('400 names each unknown key, and those that are known', async () => {
    const { status, body } = await enable(new FakeTracing(), { source_id: 'a', ratio: 1, durations: '1m' });
    expect(status).toBe(400);
    expect(body.errors).toEqual([
      { field: 'body.ratio', detail: 'unknown; accepted: source_id, rate, where, max_traces, note' },
      { field: 'body.durations', detail: 'unknown; accepted: source_id, rate, where, max_traces, note' },
    ]);
  });

  test('thousands of unknown keys get a short answer', async () => {
    const keys = Object.fromEntries(Array.from({ length: 1500 }, (_, n) => [`k${n}`, 1]));
    const { status, body } = await enable(new FakeTracing(), { source_id: 'a', ...keys });
    expect([status, body.errors.length]).toEqual([400, 20]);
  });

  test('413 for a body over 16 KiB', async () => {
    const { status } = await enable(new FakeTracing(), { source_id: 'a', note: 'x'.repeat(16 << 10) });
    expect(status).toBe(413);
  });
});

describe('disable', () => {
  test('ends the rule and is audited', async () => {
    const tracing = withRule();
    const { status, body, logged } = await disable(tracing, { source_id: 'nginx' });
    expect([status, body]).toEqual([200, { status: 'disabled', source_id: 'nginx' }]);
    expect(tracing.rules.size).toBe(0);
    const change = { audit: true, action: 'tracing.disable', target: 'nginx' };
    expect(logged).toEqual([[expect.objectContaining(change), 'changed through the API']]);
  });

  test('404 for a source without a rule', async () => {
    const { status, type, body, logged } = await disable(withRule(), { source_id: 'other' });
    expect([status, body.title]).toEqual([404, 'Not Found']);
    expect(type).toMatch(/^application\/problem\+json/);
    expect(logged).toEqual([]);
  });

  test.each(MODES.filter((mode) => mode !== 'hybrid'))('409 in mode %s', async (mode) => {
    const tracing = withRule();
    tracing.mode = mode;
    const { status, body } = await disable(tracing, { source_id: 'nginx' });
    expect([status, body.mode, tracing.rules.size]).toEqual([409, mode, 1]);
  });

  test('400 for a missing source and for an unknown key', async () => {
    const { status, body } = await disable(withRule(), { source: 'nginx' });
    expect(status).toBe(400);
    expect(body.errors).toEqual([
      { field: 'body.source_id', detail: 'expected the source_id that the rule was enabled with' },
      { field: 'body.source', detail: 'unknown; accepted: source_id' },
    ]);
  });

  test('400 without a body', async () => {
    const { status, body } = await ask(new FakeTracing(), 'POST', '/api/tracing/disable');
    expect([status, body.errors]).toEqual([400, [{ field: 'body', detail: expect.any(String) }]]);
  });
});
