import { describe, expect, test } from 'vitest';
import { type RigOptions, TracingRig } from '../../../test/fixtures/tracing.ts';
import { MODES } from '../mode.ts';
import type { ServerSpan } from './server-spans.ts';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const CALLER = 'b7ad6b7169203331';

function rig(tracing: object = { mode: 'system-only' }, options: RigOptions = {}): TracingRig {
  return new TracingRig({ tracing, ...options });
}

function request(changes: Partial<ServerSpan> = {}): ServerSpan {
  return {
    name: 'GET /api/status',
    parent: null,
    startedAt: 1000,
    endedAt: 1002.5,
    attributes: new Map<string, string | number>([
      ['http.request.method', 'GET'],
      ['http.response.status_code', 200],
    ]),
    failed: false,
    ...changes,
  };
}

function parent(changes: Partial<NonNullable<ServerSpan['parent']>> = {}) {
  return { traceId: TRACE, spanId: CALLER, sampled: true, traceState: '', ...changes };
}

test('a request is one span of kind server, with its own times and attributes', () => {
  const { tracing, spans, clock } = rig();
  tracing.serverSpan(request());
  expect(spans).toEqual([
    expect.objectContaining({
      name: 'GET /api/status',
      kind: 2,
      parentSpanId: undefined,
      start: clock.toEpoch(1000),
      end: clock.toEpoch(1002.5),
      attributes: { 'http.request.method': 'GET', 'http.response.status_code': 200 },
      status: undefined,
      flags: 0x103,
    }),
  ]);
});

test('it joins the trace of its caller', () => {
  const { tracing, spans } = rig();
  tracing.serverSpan(request({ parent: parent({ traceState: 'a=1' }) }));
  const joined = { traceId: TRACE, parentSpanId: CALLER, traceState: 'a=1', flags: 0x301 };
  expect(spans).toEqual([expect.objectContaining(joined)]);
});

test('a caller that keeps no trace has none made for it', () => {
  const { tracing, spans } = rig();
  tracing.serverSpan(request({ parent: parent({ sampled: false }) }));
  expect(spans).toEqual([]);
  expect(tracing.status().spans_created.system).toBe(0);
});

test('a failure of the server shows in the status', () => {
  const { tracing, spans } = rig();
  tracing.serverSpan(request({ failed: true }));
  expect(spans[0]!.status).toMatchObject({ code: 2 });
});

test('ids differ from span to span, and are never all zero', () => {
  const { tracing, spans } = rig();
  for (let i = 0; i < 100; i++) tracing.serverSpan(request());
  expect(new Set(spans.map((span) => span.traceId)).size).toBe(100);
  const zeros = rig(undefined, { random: () => 0 });
  zeros.tracing.serverSpan(request());
  expect(zeros.spans[0]!.traceId).not.toMatch(/^0+$/);
  expect(zeros.spans[0]!.spanId).not.toMatch(/^0+$/);
});

test.each(MODES)('in mode %s it is written unless that is off, and counted as a system span', (mode) => {
  const { tracing, spans } = rig({ mode });
  tracing.serverSpan(request());
  const expected = mode === 'off' ? 0 : 1;
  expect(spans).toHaveLength(expected);
  expect(tracing.status().spans_created).toEqual({ log: 0, system: expected });
});

test('excluded names are not written', () => {
  const { tracing, spans } = rig({ exclude: { span_names: ['GET /api/*'] } });
  tracing.serverSpan(request());
  tracing.serverSpan(request({ name: 'POST /api/tracing/enable' }));
  expect(spans.map((span) => span.name)).toEqual(['POST /api/tracing/enable']);
});

test('one that finds no room is counted as dropped', () => {
  const it = rig(undefined, { spanBytes: 2 ** 16 });
  it.exporter.holding = true;
  for (let i = 0; i < 2000; i++) it.tracing.serverSpan(request());
  const { spans_created, spans_dropped } = it.tracing.status();
  expect(spans_created.system).toBe(2000);
  expect(spans_dropped.queue_full).toBe(2000 - it.spans.length);
  expect(spans_dropped.queue_full).toBeGreaterThan(0);
});

describe('the store', () => {
  test('finds it by its id and among system traces', () => {
    const { tracing } = rig();
    tracing.serverSpan(request({ parent: parent() }));
    expect(tracing.trace(TRACE)?.traces[0]?.spans[0]).toMatchObject({
      name: 'GET /api/status',
      kind: 'server',
    });
    expect(tracing.traces({ type: 'system' }).traces).toMatchObject([{ trace_id: TRACE, duration_ms: 2.5 }]);
    expect(tracing.traces({}).traces).toEqual([]);
  });

  test('keeps two requests of one trace apart', () => {
    const { tracing } = rig();
    for (const name of ['GET /api/status', 'GET /api/traces'])
      tracing.serverSpan(request({ name, parent: parent() }));
    expect(tracing.trace(TRACE)?.traces.map(({ spans }) => spans[0]?.name)).toEqual([
      'GET /api/traces',
      'GET /api/status',
    ]);
  });
});
