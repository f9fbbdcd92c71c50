import { expect, test } from 'vitest';
import type { Slot } from '../kernel/slot.ts';
import { SlotReaders } from './slot-readers.ts';

function setUp() {
  const given: Slot[] = [];
  return {
    given,
    readers: new SlotReaders({ give: (slot) => void given.push(slot) }),
    slot: {} as Slot,
    other: {} as Slot,
  };
}

test('a slot that nobody reads is given back at once, whoever reads another', () => {
  const { readers, given, slot, other } = setUp();
  void readers.during(other, () => new Promise(() => {}));
  readers.give(slot);
  expect(given).toEqual([slot]);
});

test('a slot is given back once, when its last reader has ended, also one that failed', async () => {
  const { readers, given, slot } = setUp();
  const [one, two] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const first = readers.during(slot, () => one.promise);
  const second = readers.during(slot, () => two.promise);
  readers.give(slot);
  one.reject(new Error('no'));
  await expect(first).rejects.toThrow('no');
  expect(given).toEqual([]);
  two.resolve();
  await second;
  expect(given).toEqual([slot]);
});

test('what is read and done with by the same hand is free when that goes on', async () => {
  const { readers, given, slot } = setUp();
  expect(await readers.during(slot, async () => 7)).toBe(7);
  readers.give(slot);
  expect(given).toEqual([slot]);
});
