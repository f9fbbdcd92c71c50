import fc from 'fast-check';
import { expect, test } from 'vitest';
import { outline, ribbons, scaleOf } from './ribbons.ts';

const rates = fc.array(fc.double({ min: 0, max: 1e7, noNaN: true }), { minLength: 1, maxLength: 12 });

test('the widest ribbon fits its node and all fit the dispatcher', () => {
  fc.assert(
    fc.property(rates, rates, (left, right) => {
      const scale = scaleOf(
        [
          { rates: left, widest: 60 },
          { rates: right, widest: 90 },
        ],
        400,
      );
      expect(Math.max(...left) * scale).toBeLessThanOrEqual(60.001);
      expect(Math.max(...right) * scale).toBeLessThanOrEqual(90.001);
      expect(left.reduce((sum, each) => sum + each, 0) * scale).toBeLessThanOrEqual(220.001);
    }),
  );
});

test('without any flow there is no scale', () => {
  expect(scaleOf([{ rates: [0, 0], widest: 60 }], 400)).toBe(0);
});

test('ribbons at the dispatcher keep their order and do not touch', () => {
  fc.assert(
    fc.property(rates, (all) => {
      const ends = all.map((perSecond, index) => ({ y: 42 + 96 * index, perSecond }));
      const placed = ribbons(ends, scaleOf([{ rates: all, widest: 60 }], 400), 400);
      for (const [index, ribbon] of placed.entries()) {
        expect(ribbon.width).toBeGreaterThanOrEqual(1.5);
        const next = placed[index + 1];
        if (next !== undefined) {
          expect(next.dispatcher - next.width / 2).toBeGreaterThan(ribbon.dispatcher + ribbon.width / 2);
        }
      }
    }),
  );
});

test('a ribbon has its width at both ends', () => {
  expect(outline(50, 100, 20)).toBe('M0 40C50 40 50 90 100 90V110C50 110 50 60 0 60Z');
});
