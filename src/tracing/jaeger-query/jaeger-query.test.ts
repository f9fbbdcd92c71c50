import { expect, test } from 'vitest';
import type { DecodedSpan } from '../spans/spans-decoder.ts';
import type { FoundTrace, TraceQuery } from '../store/store.ts';
import { JaegerQuery } from './jaeger-query.ts';
import { jaegerTrace } from './trace-json.ts';

const ID = '0a'.repeat(16);
const span: DecodedSpan = {
  traceId: ID,
  spanId: '1'.repeat(16),
  parentSpanId: '',
  traceState: 'ot=th:8',
  flags: 0,
  name: 'log.process',
  kind: 1,
  startTimeUnixNano: 1_700_000_000_000_001_000n,
  endTimeUnixNano: 1_700_000_000_250_002_999n,
  attributes: new Map<string, string | bigint | boolean | number | Buffer>([
    ['log.source_id', '/a.log'],
    ['log.offset', 7n],
    ['big', 2n ** 60n],
    ['ratio', 0.5],
    ['flag', true],
    ['bytes', Buffer.from('hi')],
  ]),
  droppedAttributesCount: 0,
  events: [
    {
      timeUnixNano: 1_700_000_000_100_000_000n,
      name: 'sent loki',
      attributes: new Map(),
      droppedAttributesCount: 0,
    },
  ],
  droppedEventsCount: 0,
  links: [
    {
      traceId: 'b'.repeat(32),
      spanId: 'c'.repeat(16),
      traceState: '',
      attributes: new Map(),
      droppedAttributesCount: 0,
      flags: 0,
    },
  ],
  droppedLinksCount: 3,
  status: { code: 2, message: 'dropped' },
};
const child: DecodedSpan = {
  ...span,
  spanId: '2'.repeat(16),
  parentSpanId: span.spanId,
  name: 'dispatcher.queue',
  kind: 3,
};
const resource = new Map([
  ['service.name', 'agent'],
  ['host.name', 'web-1'],
]);

const trace = (spans: DecodedSpan[], startedAtMs = 0, traceId = ID): FoundTrace => ({
  traceId,
  type: 'log',
  meta: null,
  startedAtMs,
  durationMs: 1,
  spans,
});

function query(traces: FoundTrace[]) {
  const asked: TraceQuery[] = [];
  const store = {
    query: (each: TraceQuery = {}) => {
      asked.push(each);
      return { traces: each.type === 'log' ? traces : [], incomplete: false };
    },
    get: (id: string) => (id === ID ? { traces, linked: [] } : null),
  };
  return { asked, jaeger: new JaegerQuery(store, () => resource) };
}

test('a trace in the JSON of Jaeger', () => {
  expect(jaegerTrace(ID, [span, child], resource)).toEqual({
    traceID: ID,
    processes: { p1: { serviceName: 'agent', tags: [{ key: 'host.name', type: 'string', value: 'web-1' }] } },
    warnings: null,
    spans: [
      expect.objectContaining({
        traceID: ID,
        spanID: span.spanId,
        operationName: 'log.process',
        references: [{ refType: 'FOLLOWS_FROM', traceID: 'b'.repeat(32), spanID: 'c'.repeat(16) }],
        startTime: 1_700_000_000_000_001,
        duration: 250_001,
        tags: [
          { key: 'log.source_id', type: 'string', value: '/a.log' },
          { key: 'log.offset', type: 'int64', value: 7 },
          { key: 'big', type: 'int64', value: String(2n ** 60n) },
          { key: 'ratio', type: 'float64', value: 0.5 },
          { key: 'flag', type: 'bool', value: true },
          { key: 'bytes', type: 'binary', value: 'aGk=' },
          { key: 'span.kind', type: 'string', value: 'internal' },
          { key: 'otel.status_code', type: 'string', value: 'ERROR' },
          { key: 'otel.status_description', type: 'string', value: 'dropped' },
          { key: 'error', type: 'bool', value: true },
          { key: 'w3c.tracestate', type: 'string', value: 'ot=th:8' },
          { key: 'otel.dropped_links_count', type: 'int64', value: 3 },
        ],
        logs: [
          {
            timestamp: 1_700_000_000_100_000,
            fields: [{ key: 'event', type: 'string', value: 'sent loki' }],
          },
        ],
        processID: 'p1',
      }),
      expect.objectContaining({
        references: [
          { refType: 'CHILD_OF', traceID: ID, spanID: span.spanId },
          { refType: 'FOLLOWS_FROM', traceID: 'b'.repeat(32), spanID: 'c'.repeat(16) },
        ],
      }),
    ],
  });
});

test('one service, and the operations of it', () => {
  const { jaeger } = query([trace([child, span])]);
  expect(jaeger.services()).toEqual(['agent']);
  expect(jaeger.operations('agent')).toEqual([
    { name: 'dispatcher.queue', spanKind: 'client' },
    { name: 'log.process', spanKind: 'internal' },
  ]);
  expect(jaeger.operations('other')).toEqual([]);
});

test('finds traces by operation and tags that are on one span', () => {
  const { jaeger, asked } = query([trace([child, span])]);
  const search = (each: object) => jaeger.search({ service: 'agent', tags: {}, limit: 20, ...each }).length;
  expect(search({})).toBe(1);
  expect(search({ operation: 'dispatcher.queue' })).toBe(1);
  expect(search({ operation: 'sink.x.send' })).toBe(0);
  expect(search({ tags: { 'log.offset': '7', error: 'true' } })).toBe(1);
  expect(search({ tags: { 'log.offset': '8' } })).toBe(0);
  expect(search({ operation: 'log.process', tags: { 'span.kind': 'client' } })).toBe(0);
  expect(search({ service: 'other' })).toBe(0);
  search({ tags: { 'log.source_id': '/a.log' }, fromMs: 1, toMs: 2, minDurationMs: 3 });
  expect(asked.at(-2)).toMatchObject({
    type: 'log',
    sourceId: '/a.log',
    fromMs: 1,
    toMs: 2,
    minDurationMs: 3,
  });
});

test('the newest first, and no more than asked for', () => {
  const ids = ['1', '2', '3'].map((digit) => digit.repeat(32));
  const { jaeger } = query(ids.map((id, i) => trace([{ ...span, traceId: id }], i, id)));
  const found = jaeger.search({ service: 'agent', tags: {}, limit: 2 });
  expect(found.map(({ traceID }) => traceID)).toEqual([ids[2], ids[1]]);
});

test('logs that share a trace id are one trace, each with its root first', () => {
  const other = { ...span, spanId: '3'.repeat(16) };
  const { jaeger } = query([trace([child, span]), trace([other])]);
  const ids = jaeger.trace(ID)!.spans.map(({ spanID }) => spanID);
  expect(ids).toEqual([span.spanId, child.spanId, other.spanId]);
  expect(jaeger.trace(ID.slice(1))).not.toBeNull();
  expect(jaeger.trace('f'.repeat(32))).toBeNull();
});
