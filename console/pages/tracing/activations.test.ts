import { expect, test } from 'vitest';
import { activations } from './activations.ts';

const off = { active: false };

test('each time it was on has a beginning and an end', () => {
  expect(activations([10, 11, 12, 13, 14], [0, 1, 1, 0, 0], 0, off)).toEqual([
    { from: 11, to: 13, began: true, ended: true },
  ]);
});

test('what was on before anybody looked has no known beginning', () => {
  expect(activations([10, 11, 12], [1, 1, 0], 0, off)).toEqual([
    { from: 10, to: 12, began: false, ended: true },
  ]);
});

test('what is on now began when the detector says', () => {
  const now = { active: true, since: new Date(4000).toISOString() };
  expect(activations([10, 11], [1, 1], 0, now)).toEqual([{ from: 4, to: 11, began: true, ended: false }]);
  expect(activations([10, 11], [1, 1], 6, now)[0]).toMatchObject({ from: 6, began: false });
});

test('nothing read is nothing shown', () => {
  expect(activations([], [], 0, off)).toEqual([]);
});
