import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Balance, ledgerLayout } from './ledger-layout.ts';

const balance: Balance = {
  read: 404_031_852,
  delivered: 393_751_912,
  filtered: 9_728_320,
  in_flight: 547_881,
  dead_lettered: 1421,
  dropped: 2318,
};

test('a balanced ledger ends on one line', () => {
  const { difference, readWidth, rest } = ledgerLayout(balance, 480);
  expect(difference).toBe(0);
  expect(readWidth).toBe(480);
  expect(rest!.x + rest!.width).toBeCloseTo(480);
  expect(rest!.share).toBeCloseTo(0.02544, 4);
});

test('what is missing keeps the bars apart', () => {
  const { difference, readWidth, rest } = ledgerLayout(
    { ...balance, delivered: balance.delivered - 1e8 },
    480,
  );
  expect(difference).toBe(1e8);
  expect(readWidth).toBe(480);
  expect(rest!.x + rest!.width).toBeLessThan(400);
});

test('too much makes the lower bar the longer one', () => {
  expect(ledgerLayout({ ...balance, read: balance.read / 2 }, 480).readWidth).toBeCloseTo(240);
});

test('when everything was delivered there is nothing to magnify', () => {
  const layout = ledgerLayout(
    { ...balance, read: 5, delivered: 5, filtered: 0, in_flight: 0, dead_lettered: 0, dropped: 0 },
    480,
  );
  expect(layout.rest).toBeNull();
  expect(layout.slices).toEqual([]);
  expect(layout.deliveredWidth).toBe(480);
});

test('before the first log nothing is drawn and nothing fails', () => {
  const nothing = { read: 0, delivered: 0, filtered: 0, in_flight: 0, dead_lettered: 0, dropped: 0 };
  expect(ledgerLayout(nothing, 480)).toMatchObject({
    difference: 0,
    readWidth: 0,
    deliveredWidth: 0,
    rest: null,
  });
});

test('a slice that the smallest one makes small is seen too', () => {
  const balance = { read: 4826, delivered: 0, filtered: 75, in_flight: 0, dead_lettered: 1, dropped: 4750 };
  expect(ledgerLayout(balance, 330).slices.map(({ width }) => width)).toEqual([5, 5, 316]);
});

test('whatever is not 0 is seen, and nothing leaves the bar', () => {
  const any = fc.nat(1e9);
  fc.assert(
    fc.property(any, any, any, any, any, (delivered, filtered, in_flight, dead_lettered, dropped) => {
      const read = delivered + filtered + in_flight + dead_lettered + dropped;
      const { slices } = ledgerLayout({ read, delivered, filtered, in_flight, dead_lettered, dropped }, 330);
      expect(slices).toHaveLength(
        [filtered, in_flight, dead_lettered, dropped].filter((each) => each > 0).length,
      );
      for (const { width } of slices) expect(width).toBeGreaterThanOrEqual(5);
      const last = slices.at(-1);
      if (last !== undefined) expect(last.x + last.width).toBeCloseTo(330);
    }),
  );
});
