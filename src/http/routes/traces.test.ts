import { describe, expect, test } from 'vitest';
import type { TracingApi } from '../tracing-api.ts';
import { ask, FakeTracing, NOW } from './tracing-api.fixture.ts';

const ID = '0123456789abcdef0123456789abcdef';

const summary = {
  trace_id: ID,
  type: 'log',
  started_at: '2026-11-22T17:59:00.000250Z',
  duration_ms: 12.345,
  span_count: 2,
  status: { code: 'error', message: 'refused' },
  source_id: '/var/log/nginx/a.log',
  source: 'nginx',
  reason: 'tail_failed',
  outcome: 'dropped',
} as const;

const span = {
  trace_id: ID,
  span_id: '00000000000000a1',
  parent_span_id: null,
  trace_state: 'ot=th:8',
  name: 'log.process',
  kind: 'internal',
  started_at: '2026-11-22T17:59:00.000250Z',
  ended_at: '2026-11-22T17:59:00.012595Z',
  duration_ms: 12.345,
  status: { code: 'error', message: 'refused' },
  attributes: { 'log.size': 178, 'log.source': 'nginx', tags: ['a', { b: true }], none: null },
  events: [{ at: '2026-11-22T17:59:00.000300Z', name: 'dispatched', attributes: {} }],
  links: [{ trace_id: ID, span_id: '00000000000000b2', attributes: { n: 1 } }],
  dropped_links: 3,
} as const;

/** What the tracing was asked after this query, without what was left open. */
async function asked(query: string): Promise<object> {
  const tracing = new FakeTracing();
  const { status } = await ask(tracing, 'GET', `/api/traces?${query}`);
  expect(status).toBe(200);
  return JSON.parse(JSON.stringify(tracing.asked));
}

describe('GET /api/traces', () => {
  test('answers what was found, and whether that is all', async () => {
    const tracing = new FakeTracing();
    tracing.found = { traces: [summary], incomplete: true };
    const { status, body } = await ask(tracing, 'GET', '/api/traces');
    expect([status, body]).toEqual([200, tracing.found]);
  });

  test.each([
    ['', {}],
    ['source=/var/log/nginx/a.log', { sourceId: '/var/log/nginx/a.log' }],
    ['outcome=dead_lettered&reason=tail_slow', { outcome: 'dead_lettered', reason: 'tail_slow' }],
    ['min_duration=250ms&max_duration=1m30s', { minDurationMs: 250, maxDurationMs: 90_000 }],
    ['since=5m&until=1m', { fromMs: NOW - 300_000, toMs: NOW - 60_000 }],
    ['since=2026-11-22T17:00:00Z', { fromMs: NOW - 3_600_000 }],
    ['since=2026-11-22T18:30:00.5%2B01:00', { fromMs: NOW - 1_799_500 }],
    ['until=2026-11-22', { toMs: NOW - 18 * 3_600_000 }],
    [`trace_id=${ID.toUpperCase()}`, { traceId: ID }],
    ['type=system', { type: 'system' }],
  ])('asks for %j', async (query, expected) => {
    expect(await asked(query)).toEqual({ limit: 20, ...expected });
  });

  test.each(['1', '1000'])('takes limit %s', async (limit) => {
    expect(await asked(`limit=${limit}`)).toEqual({ limit: Number(limit) });
  });

  test.each([
    ['limit=0', 'querystring.limit', 'from 1 to 1000'],
    ['limit=1001', 'querystring.limit', 'from 1 to 1000'],
    ['limit=many', 'querystring.limit', 'from 1 to 1000'],
    ['limit=', 'querystring.limit', 'from 1 to 1000'],
    ['limit=1&limit=2', 'querystring.limit', 'from 1 to 1000'],
    ['outcome=lost', 'querystring.outcome', 'dead_lettered'],
    ['reason=because', 'querystring.reason', 'tail_slow'],
    ['type=both', 'querystring.type', 'system'],
    ['min_duration=5', 'querystring.min_duration', 'a duration with a unit'],
    ['since=yesterday', 'querystring.since', 'how long ago, such as 5m'],
    ['since=2026-13-01', 'querystring.since', 'how long ago, such as 5m'],
    ['since=1', 'querystring.since', 'how long ago, such as 5m'],
    ['trace_id=xyz', 'querystring.trace_id', '32 hexadecimal digits'],
    ['source=', 'querystring.source', 'at least 1 character'],
    ['sources=a', 'querystring.sources', 'accepted: source, outcome,'],
  ])('400 for %s names the field and what is accepted', async (query, field, detail) => {
    const tracing = new FakeTracing();
    const { status, type, body } = await ask(tracing, 'GET', `/api/traces?${query}`);
    expect(status).toBe(400);
    expect(type).toMatch(/^application\/problem\+json/);
    expect(body.errors).toEqual([{ field, detail: expect.stringContaining(detail) }]);
    expect(tracing.asked).toBeNull();
  });
});

describe('GET /api/traces/{id}', () => {
  test('answers every field of every span', async () => {
    const batch = { ...span, name: 'dispatcher.process_batch' };
    const system = { ...summary, type: 'system' } as const;
    const known: ReturnType<TracingApi['trace']> = {
      traces: [{ ...summary, spans: [span] }],
      linked: [{ ...system, spans: [batch] }],
    };
    const tracing = new FakeTracing();
    tracing.known = known;
    const { status, body } = await ask(tracing, 'GET', `/api/traces/${ID.toUpperCase()}`);
    expect(status).toBe(200);
    expect(body).toEqual({ trace_id: ID, ...known });
  });

  test('404 for a trace that is not remembered', async () => {
    const { status, type, body } = await ask(new FakeTracing(), 'GET', `/api/traces/${ID}`);
    expect([status, body.status]).toEqual([404, 404]);
    expect(type).toMatch(/^application\/problem\+json/);
    expect(body.detail).toContain('tracing.store.memory');
  });

  test.each(['1', `${ID}0`, 'g'.repeat(32), '..%2f..%2fetc%2fpasswd'])('400 for %s', async (id) => {
    const { status, body } = await ask(new FakeTracing(), 'GET', `/api/traces/${id}`);
    expect(status).toBe(400);
    expect(body.errors).toEqual([{ field: 'params.id', detail: 'expected 32 hexadecimal digits' }]);
  });
});
