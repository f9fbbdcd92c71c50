import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Found, micros, rootOf, type Span, ticksOf, waterfall } from './waterfall.ts';

const START = Date.parse('2026-11-22T14:32:15Z');

function span(name: string, from: number, to: number, changes: Partial<Span> = {}): Span {
  const iso = (ms: number) => new Date(START + ms).toISOString().replace('Z', '000Z');
  return {
    trace_id: 't',
    span_id: name,
    parent_span_id: 'log.process',
    name,
    kind: 'internal',
    started_at: iso(from),
    ended_at: iso(to),
    duration_ms: to - from,
    status: { code: 'unset' },
    attributes: {},
    events: [],
    links: [],
    ...changes,
  };
}

function found(spans: readonly Span[]): Found {
  return {
    trace_id: 't',
    type: 'log',
    started_at: spans[0]!.started_at,
    duration_ms: spans[0]!.duration_ms,
    span_count: spans.length,
    status: { code: 'unset' },
    spans,
  };
}

const root = span('log.process', 0, 1312, { parent_span_id: null });
const queue = span('dispatcher.queue', 0, 96);
const loki = span('sink.loki.send', 98, 1312);
const log = found([root, loki, queue]);

test('spans come in the order of their flow, with the figures of the API', () => {
  const { rows, length } = waterfall(log);
  expect(rows.map(({ name, depth, look, from, took }) => [name, depth, look, from, took])).toEqual([
    ['log.process', 0, 'whole', 0, 1312],
    ['dispatcher.queue', 1, 'queue', 0, 96],
    ['sink.loki.send', 1, 'sent', 98, 1214],
  ]);
  expect(length).toBe(1312);
});

test('attempts of the batch stand under their sink, with the waits between them', () => {
  const failed = span('sink.loki.send', 98, 306, {
    status: { code: 'error', message: '5xx' },
    attributes: { 'log_capturer.attempt': 1, 'http.response.status_code': 503 },
  });
  const accepted = span('sink.loki.send', 820, 1311, {
    span_id: 'second',
    attributes: { 'log_capturer.attempt': 2 },
  });
  const { rows } = waterfall(log, found([failed, accepted]));
  expect(
    rows.slice(3).map(({ name, look, from, took, note, ofBatch }) => [name, look, from, took, note, ofBatch]),
  ).toEqual([
    ['attempt 1: 503', 'failed', 98, 208, '5xx', true],
    ['waiting to retry', 'waiting', 306, 514, undefined, true],
    ['attempt 2', 'sent', 820, 491, undefined, true],
  ]);
});

test('one attempt that was accepted is not said twice', () => {
  expect(waterfall(log, found([span('sink.loki.send', 98, 1311)])).rows).toHaveLength(3);
});

test('a compact span tells its stages by its events', () => {
  const at = (ms: number) => new Date(START + ms).toISOString();
  const events = [
    { at: at(96), name: 'dispatched', attributes: {} },
    { at: at(98), name: 'processed', attributes: {} },
    { at: at(1312), name: 'sent loki', attributes: {} },
    { at: at(101), name: 'sent archive', attributes: {} },
  ];
  const { rows } = waterfall(found([{ ...root, events }]));
  expect(rows.slice(1).map(({ name, look, from, took }) => [name, look, from, took])).toEqual([
    ['queue', 'queue', 0, 96],
    ['processors', 'work', 96, 2],
    ['sent to archive', 'sent', 98, 3],
    ['sent to loki', 'sent', 98, 1214],
  ]);
});

test('a span whose parent is another application is the root', () => {
  const foreign = span('log.process', 0, 5, { parent_span_id: 'elsewhere' });
  expect(rootOf(found([foreign]))).toBe(foreign);
});

test('times are read to the microsecond', () => {
  expect(micros('2026-11-22T21:12:42.697598Z') - micros('2026-11-22T21:12:42.697Z')).toBe(598);
  expect(micros('2026-11-22T21:12:42Z') % 1_000_000).toBe(0);
});

test('ticks begin at 0, stay inside, and are few', () => {
  fc.assert(
    fc.property(
      fc.double({ min: 0.001, max: 1e8, noNaN: true }),
      fc.integer({ min: 2, max: 8 }),
      (length, most) => {
        const ticks = ticksOf(length, most);
        expect(ticks[0]).toBe(0);
        expect(ticks.length).toBeGreaterThan(1);
        expect(ticks.length).toBeLessThanOrEqual(most + 1);
        expect(ticks.at(-1)).toBeLessThanOrEqual(length * 1.0001);
      },
    ),
  );
});
