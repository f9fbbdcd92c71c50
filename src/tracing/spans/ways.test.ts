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
