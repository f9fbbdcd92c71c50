import fc from 'fast-check';
import { expect, test } from 'vitest';
import { scatterLayout } from './scatter-layout.ts';

const box = { left: 44, right: 400, top: 8, bottom: 84 };

test('ten times as long is one step higher', () => {
  const { points, ticks } = scatterLayout(
    [
      { id: 'a', at: 0, took: 10 },
      { id: 'b', at: 5000, took: 100 },
      { id: 'c', at: 10_000, took: 1000 },
    ],
    box,
  );
  expect(points.map(({ x, y }) => [x, y])).toEqual([
    [44, 84],
    [222, 46],
    [400, 8],
  ]);
  expect(ticks.map(({ ms }) => ms)).toEqual([10, 100, 1000]);
});

test('every point is inside, whatever the figures', () => {
  const point = fc.record({
    id: fc.constant('x'),
    at: fc.nat(1e12),
    took: fc.double({ min: 0, max: 1e9, noNaN: true }),
  });
  fc.assert(
    fc.property(fc.array(point, { minLength: 1, maxLength: 20 }), (all) => {
      for (const { x, y } of scatterLayout(all, box).points) {
        expect(x).toBeGreaterThanOrEqual(box.left);
        expect(x).toBeLessThanOrEqual(box.right);
        expect(y).toBeGreaterThanOrEqual(box.top - 1e-9);
        expect(y).toBeLessThanOrEqual(box.bottom + 1e-9);
      }
    }),
  );
});
