import { expect, test } from 'vitest';
import type { Found } from '../../charts/waterfall.ts';
import { otlpJson } from './otlp-json.ts';

const trace: Found = {
  trace_id: 'a'.repeat(32),
  type: 'log',
  started_at: '2026-11-22T14:32:15.604001Z',
  duration_ms: 1,
  span_count: 1,
  status: { code: 'error', message: 'too_old' },
  spans: [
    {
      trace_id: 'a'.repeat(32),
      span_id: 'b'.repeat(16),
      parent_span_id: null,
      trace_state: 'ot=th:8',
      name: 'log.process',
      kind: 'client',
      started_at: '2026-11-22T14:32:15.604001Z',
      ended_at: '2026-11-22T14:32:15.605Z',
      duration_ms: 0.999,
      status: { code: 'error', message: 'too_old' },
      attributes: { 'log.size': 176, ratio: 0.5, ok: true, path: '/a' },
      events: [{ at: '2026-11-22T14:32:15.6045Z', name: 'sent x', attributes: {} }],
      links: [{ trace_id: 'c'.repeat(32), span_id: 'd'.repeat(16), attributes: {} }],
    },
  ],
};

test('a span is written as OTLP JSON has it', () => {
  const [resource] = (
    otlpJson([trace], 'log-capturer') as { resourceSpans: { scopeSpans: { spans: object[] }[] }[] }
  ).resourceSpans;
  expect(resource!.scopeSpans[0]!.spans[0]).toEqual({
    traceId: 'a'.repeat(32),
    spanId: 'b'.repeat(16),
    traceState: 'ot=th:8',
    name: 'log.process',
    kind: 3,
    startTimeUnixNano: '1795357935604001000',
    endTimeUnixNano: '1795357935605000000',
    attributes: [
      { key: 'log.size', value: { intValue: '176' } },
      { key: 'ratio', value: { doubleValue: 0.5 } },
      { key: 'ok', value: { boolValue: true } },
      { key: 'path', value: { stringValue: '/a' } },
    ],
    events: [{ timeUnixNano: '1795357935604500000', name: 'sent x', attributes: [] }],
    links: [{ traceId: 'c'.repeat(32), spanId: 'd'.repeat(16), attributes: [] }],
    status: { code: 2, message: 'too_old' },
  });
});
