import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { seededRandom, segmentOf } from './decision.fixture.ts';
import { narrowRows, selectRows, thresholdOf, traceStateOf } from './selection.ts';

describe('selectRows', () => {
  test('a rate of 1 is every row, without a list', () => {
    expect(selectRows(segmentOf({ count: 5 }), 1)).toBeNull();
  });

  test('a rate of 0 is no row and asks for no random number', () => {
    const refuse = () => {
      throw new Error('asked');
    };
    expect(selectRows(segmentOf({ count: 5 }), 0, refuse)).toHaveLength(0);
  });

  test('rows are live, ascending and different', () => {
    fc.assert(
      fc.property(
        fc.nat(1000),
        fc.uniqueArray(fc.nat(500), { maxLength: 300 }),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        fc.integer(),
        (first, live, rate, seed) => {
          const sorted = Uint32Array.from(live.sort((a, b) => a - b).map((row) => first + row));
          const rows = selectRows(segmentOf({ first, count: 501, live: sorted }), rate, seededRandom(seed))!;
          const allowed = new Set(sorted);
          expect([...rows].every((row) => allowed.has(row))).toBe(true);
          expect([...rows]).toEqual([...new Set(rows)].sort((a, b) => a - b));
        },
      ),
    );
  });

  test('asks for one random number more than it chooses rows', () => {
    let asked = 0;
    const random = seededRandom(7);
    const rows = selectRows(segmentOf({ count: 100_000 }), 0.001, () => {
      asked++;
      return random();
    })!;
    expect(rows.length).toBeGreaterThan(50);
    expect(asked).toBe(rows.length + 1);
  });

  test('the largest random number does not break it', () => {
    expect(selectRows(segmentOf({ count: 10 }), 1e-9, () => 1 - 2 ** -53)).toHaveLength(0);
  });

  // Critical values of the chi-square distribution at 0.001; seeds are fixed, so this cannot fail by chance.
  test.each([
    [0.5, 16, 39.25],
    [0.1, 16, 39.25],
    [0.01, 16, 39.25],
  ])('at rate %d every row is as likely as any other (chi-square)', (rate, rows, critical) => {
    const runs = 40_000;
    const random = seededRandom(1234);
    const counts = Array.from({ length: rows }, () => 0);
    for (let run = 0; run < runs; run++) {
      for (const row of selectRows(segmentOf({ count: rows }), rate, random)!) counts[row]!++;
    }
    const expected = runs * rate;
    // Each count is binomial, so its variance is smaller than its mean by 1 - rate.
    const chiSquare = counts.reduce((sum, n) => sum + (n - expected) ** 2 / (expected * (1 - rate)), 0);
    expect(chiSquare).toBeLessThan(critical);
  });

  test('how many rows of a segment are chosen is binomial (chi-square)', () => {
    const rows = 8;
    const rate = 0.3;
    const runs = 40_000;
    const random = seededRandom(99);
    const counts = Array.from({ length: rows + 1 }, () => 0);
    for (let run = 0; run < runs; run++)
      counts[selectRows(segmentOf({ count: rows }), rate, random)!.length]!++;
    let chiSquare = 0;
    let combinations = 1;
    for (let k = 0; k <= rows; k++) {
      const expected = runs * combinations * rate ** k * (1 - rate) ** (rows - k);
      chiSquare += (counts[k]! - expected) ** 2 / expected;
      combinations = (combinations * (rows - k)) / (k + 1);
    }
    // 8 degrees of freedom at 0.001.
    expect(chiSquare).toBeLessThan(26.12);
  });
});

describe('narrowRows', () => {
  const segment = segmentOf({ first: 10, count: 6 });

  test('keeps those that pass, up to the limit', () => {
    expect([...narrowRows(segment, null, 2, (row) => row % 2 === 0)]).toEqual([10, 12]);
  });

  test('looks only at rows that were chosen', () => {
    const seen: number[] = [];
    narrowRows(segment, Uint32Array.of(11, 14), 9, (row) => seen.push(row) > 0);
    expect(seen).toEqual([11, 14]);
  });

  test('knows live rows', () => {
    const filtered = segmentOf({ first: 10, count: 6, live: Uint32Array.of(12, 15) });
    expect([...narrowRows(filtered, null, 9, null)]).toEqual([12, 15]);
  });
});

describe('threshold', () => {
  test.each([
    [1, 0n, 'ot=th:0'],
    [0.5, 1n << 55n, 'ot=th:8'],
    [0.25, 3n << 54n, 'ot=th:c'],
    [2 ** -56, (1n << 56n) - 1n, 'ot=th:ffffffffffffff'],
    [0, (1n << 56n) - 1n, 'ot=th:ffffffffffffff'],
  ])('of rate %d', (rate, threshold, text) => {
    expect(thresholdOf(rate)).toBe(threshold);
    expect(traceStateOf(threshold)).toBe(text);
  });

  test('leading zeros stay: they are digits of a fraction', () => {
    expect(traceStateOf(1n << 48n)).toBe('ot=th:01');
  });

  test('gives back its rate, however small', () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-9, max: 1, noNaN: true }), (rate) => {
        const accepted = Number((1n << 56n) - thresholdOf(rate)) / 2 ** 56;
        expect(Math.abs(accepted - rate) / rate).toBeLessThan(1e-7);
      }),
    );
  });
});
