import { expect, test } from 'vitest';
import { batchOf, deliveryOf, segmentOf } from '../decision/decision.fixture.ts';
import { Ways } from './ways.ts';

const refused = new Error('refused');

function wayOf(...deliveries: { attempts: [number, Error?][]; stored?: true }[]) {
  const segment = segmentOf();
  const batch = batchOf([segment], { processedAt: 5 });
  const made = deliveries.map(({ attempts, stored }, index) => ({
    ...deliveryOf(batch, `sink${index}`, attempts),
    ...(stored && { stored }),
  }));
  const { outcome, sends } = new Ways().of(batch, made).whole(segment);
  return { outcome, sends: sends.map(({ sink, attempts }) => [sink, attempts]) };
}

test('a log that one sink buffers is buffered, also where others have it', () => {
  expect(wayOf({ attempts: [[7]] }, { attempts: [[6, refused]], stored: true })).toEqual({
    outcome: 'buffered',
    sends: [
      ['sink0', 1],
      ['sink1', 1],
    ],
  });
});

test('what went to disk at once was sent nowhere', () => {
  expect(wayOf({ attempts: [], stored: true })).toEqual({ outcome: 'buffered', sends: [] });
});

test('what all sinks took is delivered', () => {
  expect(wayOf({ attempts: [[7]] }, { attempts: [[6, refused], [9]] }).outcome).toBe('delivered');
});

test('logs of each source go the way of the sinks that select it', () => {
  const [a, c] = ['a', 'c'].map((source, index) => {
    const { stream, ...segment } = segmentOf({ index });
    return { ...segment, stream: { ...stream, source } };
  });
  const batch = batchOf([a!, c!], { processedAt: 5 });
  const only = deliveryOf(batch, 'only', [[9, refused]], [a!]);
  const both = deliveryOf(batch, 'both', [[7]]);
  const ways = new Ways();
  ways.settled(only, { delivered: 0, filtered: 0, deadLettered: 0, dropped: 1 }, 'refused');
  const of = ways.of(batch, [only, both]);
  expect(of.whole(a!)).toMatchObject({ outcome: 'dropped', failure: 'refused', endedAt: 9 });
  expect(of.whole(c!)).toMatchObject({ outcome: 'delivered', failure: null, endedAt: 7 });
  expect(of.whole(c!).sends.map(({ sink }) => sink)).toEqual(['both']);
  expect(ways.of(batch, [only]).whole(c!)).toMatchObject({ outcome: 'dropped', failure: 'unrouted' });
});
