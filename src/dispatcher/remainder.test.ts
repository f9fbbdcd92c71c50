import { expect, test } from 'vitest';
import { deliveryOf } from '../../test/fixtures/pipeline.ts';
import { Kernel } from '../kernel/kernel.ts';
import type { Traced } from '../record/traced.ts';
import { remainderOf } from './remainder.ts';

const TRACED: Traced = {
  rows: null,
  count: 4,
  prefix: 5n,
  seed: 1n,
  threshold: 2n,
  stamp: 'none',
  hasContexts: false,
};

function delivery() {
  const kernel = Kernel.create({ memoryBytes: 2 ** 18, slotBytes: 2 ** 14, slotRecords: 100 });
  return deliveryOf(kernel, ['a', 'b', 'c', 'd']);
}

test('of one that was not sent at all, its segments themselves', () => {
  const all = delivery();
  const [segment] = all.segments;
  expect(remainderOf(all).get(segment!)).toBe(segment);
});

test('what is left of filtered records is counted among those that were live', () => {
  const part = delivery();
  const [segment] = part.segments;
  segment!.live = Uint32Array.of(0, 2, 3);
  part.accepted = 1;
  expect(remainderOf(part).get(segment!)).toMatchObject({ live: Uint32Array.of(2, 3), bytes: 4 });
  expect(segment!.live).toEqual(Uint32Array.of(0, 2, 3));
});

test('traced are those of the traced records that are left', () => {
  const part = delivery();
  const [segment] = part.segments;
  part.accepted = 2;
  segment!.traced = TRACED;
  expect(remainderOf(part).get(segment!)!.traced).toMatchObject({ rows: null, count: 2 });
  segment!.traced = { ...TRACED, rows: Uint32Array.of(1, 3), count: 2 };
  expect(remainderOf(part).get(segment!)!.traced).toMatchObject({ rows: Uint32Array.of(3), count: 1 });
  segment!.traced = { ...TRACED, rows: Uint32Array.of(0, 1), count: 2 };
  expect(remainderOf(part).get(segment!)!.traced).toBeNull();
});
