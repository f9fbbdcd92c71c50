import { expect, test } from 'vitest';
import { HeldPositions } from './held-positions.ts';

test('what is held back is seen at once, and stored all together', () => {
  const store = new Map<string, unknown>([
    ['a', 1],
    ['b', 2],
  ]);
  const positions = new HeldPositions({
    get: (key) => store.get(key),
    entries: () => store.entries(),
    set: (key, value) => void store.set(key, value),
    delete: (key) => void store.delete(key),
  });
  positions.hold();
  positions.set('a', 10);
  positions.delete('b');
  positions.set('c', 30);
  positions.set('d', 40);
  positions.delete('d');
  expect(Object.fromEntries(positions.entries())).toEqual({ a: 10, c: 30 });
  expect(['a', 'b', 'c', 'd'].map((key) => positions.get(key))).toEqual([10, undefined, 30, undefined]);
  expect(Object.fromEntries(store)).toEqual({ a: 1, b: 2 });
  positions.release();
  expect(Object.fromEntries(store)).toEqual({ a: 10, c: 30 });
  positions.set('e', 50);
  positions.delete('a');
  positions.release();
  expect(Object.fromEntries(store)).toEqual({ c: 30, e: 50 });
});
