import { expect, test } from 'vitest';
import { plainSpan, runOf } from '../../../test/stubs/spans.ts';
import { decodeSpans } from '../spans/spans-decoder.ts';
import type { FoundTrace } from './store.ts';
import { traceJson, traceSummary } from './trace-json.ts';

const START = 1_795_370_400_000_250_000n;

const bytes = (hexDigits: string) => Buffer.from(hexDigits, 'hex');

/** A trace of a child and a root, encoded and decoded as the store does. */
function found(): FoundTrace {
  const child = {
    ...plainSpan(2),
    name: 'sink.loki.send',
    kind: 3,
    parentSpanId: bytes('00000000000000a1'),
    startTimeUnixNano: String(START + 1_000_000n),
    endTimeUnixNano: String(START + 1_500_000n),
  };
  const root = {
    ...plainSpan(1),
    name: 'log.process',
    kind: 1,
    spanId: bytes('00000000000000a1'),
    parentSpanId: Buffer.alloc(0),
    traceState: 'ot=th:8',
    startTimeUnixNano: String(START),
    endTimeUnixNano: String(START + 2_000_999n),
    attributes: [
      { key: 'log.size', value: { intValue: '178' } },
      { key: 'big', value: { intValue: '9007199254740993' } },
      { key: 'raw', value: { bytesValue: bytes('ff00') } },
      { key: 'tags', value: { arrayValue: { values: [{ stringValue: 'a' }, { boolValue: true }] } } },
      { key: '__proto__', value: { stringValue: 'harmless' } },
    ],
    events: [
      {
        timeUnixNano: String(START + 7_000n),
        name: 'dispatched',
        attributes: [{ key: 'n', value: { doubleValue: 0.5 } }],
        droppedAttributesCount: 0,
      },
    ],
    links: [
      {
        traceId: bytes('0123456789abcdef0123456789abcdef'),
        spanId: bytes('0123456789abcdef'),
        traceState: '',
        attributes: [],
        droppedAttributesCount: 0,
        flags: 0,
      },
    ],
    droppedLinksCount: 3,
    status: { code: 2, message: 'refused' },
  };
  const spans = decodeSpans(runOf([child, root]).bytes);
  return {
    traceId: spans.at(-1)!.traceId,
    type: 'log',
    meta: {
      sourceId: '/var/log/a.log',
      source: 'nginx',
      reason: 'tail_failed',
      outcome: 'dropped',
      startedAtMs: 0,
      durationMs: 0,
    },
    startedAtMs: 0,
    durationMs: 0,
    spans,
  };
}

test('a summary says what became of the log', () => {
  const trace = found();
  expect(traceSummary(trace)).toEqual({
    trace_id: trace.traceId,
    type: 'log',
    started_at: '2026-11-22T18:00:00.000250Z',
    duration_ms: 2,
    span_count: 2,
    status: { code: 'error', message: 'refused' },
    source_id: '/var/log/a.log',
    source: 'nginx',
    reason: 'tail_failed',
    outcome: 'dropped',
  });
});

test("a batch's trace has no source, reason and outcome", () => {
  expect(Object.keys(traceSummary({ ...found(), type: 'system', meta: null }))).toEqual([
    'trace_id',
    'type',
    'started_at',
    'duration_ms',
    'span_count',
    'status',
  ]);
});

test('spans are readable and survive JSON, the root first', () => {
  const [root, child] = JSON.parse(JSON.stringify(traceJson(found()).spans));
  expect(root).toMatchObject({
    span_id: '00000000000000a1',
    parent_span_id: null,
    trace_state: 'ot=th:8',
    name: 'log.process',
    kind: 'internal',
    started_at: '2026-11-22T18:00:00.000250Z',
    ended_at: '2026-11-22T18:00:00.002250Z',
    duration_ms: 2,
    status: { code: 'error', message: 'refused' },
    events: [{ at: '2026-11-22T18:00:00.000257Z', name: 'dispatched', attributes: { n: 0.5 } }],
    links: [{ trace_id: '0123456789abcdef0123456789abcdef', span_id: '0123456789abcdef', attributes: {} }],
    dropped_links: 3,
  });
  expect(child).toMatchObject({
    parent_span_id: '00000000000000a1',
    kind: 'client',
    duration_ms: 0.5,
    status: { code: 'unset' },
  });
  expect(child).not.toHaveProperty('dropped_links');
  expect(child).not.toHaveProperty('trace_state');
});

test('attributes are an object; integers keep their digits, bytes are base64', () => {
  const { attributes } = traceJson(found()).spans[0]!;
  expect(attributes).toMatchObject({
    'log.size': 178,
    big: '9007199254740993',
    raw: '/wA=',
    tags: ['a', true],
  });
  expect(Object.getPrototypeOf(attributes)).toBe(Object.prototype);
});
