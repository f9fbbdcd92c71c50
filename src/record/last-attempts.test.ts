import { expect, test } from 'vitest';
import type { Delivery } from './delivery.ts';
import { LastAttempts, NEVER } from './last-attempts.ts';
import type { Segment } from './segment.ts';

function segmentsOf(count: number): Segment[] {
  return Array.from({ length: count }, (_, index) => ({ index }) as Segment);
}

function deliveryOf(segments: readonly Segment[], endings: readonly number[], stored = false): Delivery {
  const attempts = endings.map((endedAt) => ({ startedAt: 0, endedAt }));
  return { segments, attempts, ...(stored && { stored }) } as unknown as Delivery;
}

function endingsOf(segments: Segment[], deliveries: readonly Delivery[], asked = new LastAttempts()) {
  return [...asked.of({ segments }, deliveries).subarray(0, segments.length)];
}

test('a segment ends with the last attempt of the last sink that selected it', () => {
  const segments = segmentsOf(2);
  const [first, second] = segments as [Segment, Segment];
  expect(endingsOf(segments, [deliveryOf([first], [900, 1200]), deliveryOf([first, second], [500])])).toEqual(
    [1200, 500],
  );
});

test('a segment that no sink selected, or none tried, has no end', () => {
  const segments = segmentsOf(2);
  expect(endingsOf(segments, [deliveryOf([segments[0]!], [])])).toEqual([NEVER, NEVER]);
});

test('what went to a disk buffer has not ended, however often it was tried before', () => {
  const segments = segmentsOf(1);
  const stored = deliveryOf(segments, [900], true);
  expect(endingsOf(segments, [stored])).toEqual([NEVER]);
  expect(endingsOf(segments, [stored, deliveryOf(segments, [100])])).toEqual([100]);
});

test('nothing is left of the batch before, and there is room for more segments', () => {
  const asked = new LastAttempts();
  const many = segmentsOf(200);
  expect(endingsOf(many, [deliveryOf(many, [7])], asked)).toEqual(many.map(() => 7));
  expect(endingsOf(segmentsOf(1), [], asked)).toEqual([NEVER]);
});
