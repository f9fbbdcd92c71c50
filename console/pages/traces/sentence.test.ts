import { expect, test } from 'vitest';
import type { Found, Span } from '../../charts/waterfall.ts';
import { sentenceOf } from './sentence.ts';

function span(name: string, changes: Partial<Span> = {}): Span {
  const base = {
    trace_id: 't',
    span_id: name,
    parent_span_id: null,
    name,
    kind: 'client' as const,
    started_at: '',
    ended_at: '',
  };
  return {
    ...base,
    duration_ms: 1,
    status: { code: 'unset' },
    attributes: {},
    events: [],
    links: [],
    ...changes,
  };
}

function trace(spans: readonly Span[], changes: Partial<Found> = {}): Found {
  const base = {
    trace_id: 't',
    type: 'log' as const,
    started_at: '',
    duration_ms: 1310,
    span_count: spans.length,
  };
  return { ...base, status: { code: 'unset' }, outcome: 'delivered', spans, ...changes };
}

test('a delivered log names its sinks, of either shape of spans', () => {
  expect(sentenceOf(trace([span('sink.loki.send'), span('sink.archive.send')]))).toBe(
    'Delivered to archive and loki in 1.31 s.',
  );
  const events = [{ at: '', name: 'sent loki', attributes: {} }];
  expect(sentenceOf(trace([span('log.process', { events })]))).toBe('Delivered to loki in 1.31 s.');
});

test('a retry is told with the answer that caused it', () => {
  const failed = span('sink.loki.send', {
    status: { code: 'error' },
    attributes: { 'http.response.status_code': 503 },
  });
  const batch = trace([failed, span('sink.loki.send')], { type: 'system' });
  expect(sentenceOf(trace([span('sink.loki.send')]), batch)).toBe(
    'Delivered to loki in 1.31 s. loki answered 503, the retry was accepted.',
  );
});

test('what was not delivered says why', () => {
  const status = { code: 'error' as const, message: 'too_old' };
  expect(sentenceOf(trace([], { outcome: 'dropped', status }))).toBe('Dropped after 1.31 s: too_old.');
  expect(sentenceOf(trace([], { outcome: 'filtered' }))).toContain('sent nowhere');
  expect(sentenceOf(trace([], { outcome: 'dead_lettered', status }))).toContain(
    'too_old. The original bytes',
  );
});

test('a batch says how much it carried', () => {
  const attributes = {
    'messaging.batch.message_count': 5412,
    'log_capturer.batch.bytes': 133_120,
    'log_capturer.batch.sources': 3,
  };
  const batch = trace([span('dispatcher.process_batch', { attributes }), span('sink.a.send')], {
    type: 'system',
  });
  expect(sentenceOf(batch)).toBe(
    'A batch of 5,412 logs, 130 KiB, from 3 streams. Done with 1 sink in 1.31 s.',
  );
});
