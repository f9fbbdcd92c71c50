import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PartialError, PermanentError, RetryableError } from '../../component/errors.ts';
import { FakeClock } from '../../component/fake-clock.ts';
import type { Segment } from '../../record/segment.ts';
import { batchOf, deliveryOf, segmentOf, settingsOf, streamOf } from '../decision/decision.fixture.ts';
import { TailKeeper, type TailQuestions } from './tail.ts';

function keeperOf(section: object = {}, clock = new FakeClock()) {
  return new TailKeeper(settingsOf({ tail: { max_per_second: 1000, ...section } }).tail, clock);
}

const ALL: TailQuestions = { keeps: () => true, traced: () => null };
const failure = new PermanentError('bad request', { reason: '400' });
const busy = new RetryableError('busy', { reason: '503' });

/** A batch of segments with these counts, all read at 0. */
function batchWith(...counts: number[]) {
  let first = 0;
  const segments = counts.map((count, index) => {
    const segment = segmentOf({ index, first, count, stream: streamOf(`/s${index}`, `s${index}`) });
    first += count;
    return segment;
  });
  return batchOf(segments);
}

/** Picks as `segment index: reason rows`. */
function shown(picks: ReturnType<TailKeeper['keep']>): string[] {
  return picks.map(({ segment, reason, rows }) => `${segment.index}: ${reason} ${rows.join()}`);
}

describe('keeps', () => {
  test('nothing of a batch that went well', () => {
    const batch = batchWith(3, 2);
    expect(keeperOf().keep(batch, [deliveryOf(batch, 'a', [[999]])], ALL)).toEqual([]);
  });

  test('logs that took as long as slow, in the slowest sink', () => {
    const batch = batchWith(2, 2);
    const deliveries = [
      deliveryOf(batch, 'a', [[10]]),
      deliveryOf(batch, 'b', [[1000]], [batch.segments[1]!]),
    ];
    expect(shown(keeperOf().keep(batch, deliveries, ALL))).toEqual(['1: tail_slow 2,3']);
  });

  test('logs that were retried, though they arrived', () => {
    const batch = batchWith(2);
    const deliveries = [deliveryOf(batch, 'a', [[10, busy], [20]])];
    expect(shown(keeperOf().keep(batch, deliveries, ALL))).toEqual(['0: tail_failed 0,1']);
  });

  test('nothing that is safe in a disk buffer without an attempt', () => {
    const batch = batchWith(2);
    const stored = { ...deliveryOf(batch, 'a', []), stored: true } as const;
    expect(keeperOf().keep(batch, [stored], ALL)).toEqual([]);
  });

  test('logs that were refused or given up', () => {
    const batch = batchWith(1, 1);
    const deliveries = [
      deliveryOf(batch, 'a', [[10, failure]], [batch.segments[1]!]),
      deliveryOf(batch, 'b', [[10]]),
    ];
    expect(shown(keeperOf().keep(batch, deliveries, ALL))).toEqual(['1: tail_failed 1']);
  });

  test('of a partial refusal the logs that were named', () => {
    const batch = batchWith(5, 5);
    const partial = new PartialError('2 refused', { reason: '400', count: 2, indexes: [7, 3] });
    const deliveries = [deliveryOf(batch, 'a', [[10, partial]])];
    expect(shown(keeperOf().keep(batch, deliveries, ALL))).toEqual(['0: tail_failed 3', '1: tail_failed 7']);
  });

  test('of a partial refusal without names the first, as the ledger lays them', () => {
    const batch = batchWith(2, 5);
    const partial = new PartialError('3 refused', { reason: '400', count: 3 });
    const deliveries = [deliveryOf(batch, 'a', [[10, partial]])];
    expect(shown(keeperOf().keep(batch, deliveries, ALL))).toEqual([
      '0: tail_failed 0,1',
      '1: tail_failed 2',
    ]);
  });

  test('logs that no sink takes: they were dropped', () => {
    const batch = batchWith(1, 1);
    const deliveries = [deliveryOf(batch, 'a', [[10]], [batch.segments[0]!])];
    expect(shown(keeperOf().keep(batch, deliveries, ALL))).toEqual(['1: tail_failed 1']);
  });

  test('no logs that were filtered', () => {
    const batch = batchWith(4, 2);
    batch.segments[0]!.live = Uint32Array.of(1, 3);
    batch.segments[1]!.live = new Uint32Array(0);
    const deliveries = [deliveryOf(batch, 'a', [[5000]], [batch.segments[0]!])];
    expect(shown(keeperOf().keep(batch, deliveries, ALL))).toEqual(['0: tail_slow 1,3']);
  });

  test('nothing where it may not', () => {
    const batch = batchWith(1, 1);
    const deliveries = [deliveryOf(batch, 'a', [[5000]])];
    const keeps = (segment: Segment) => segment.index === 1;
    expect(shown(keeperOf().keep(batch, deliveries, { ...ALL, keeps }))).toEqual(['1: tail_slow 1']);
  });

  test('nothing when it is not enabled', () => {
    const batch = batchWith(1);
    expect(keeperOf({ enabled: false }).keep(batch, [deliveryOf(batch, 'a', [[5000]])], ALL)).toEqual([]);
  });

  test('nothing twice: what is traced already is left out', () => {
    const batch = batchWith(4, 2);
    const traced = ({ index }: Segment) => ({ rows: index === 0 ? Uint32Array.of(0, 2) : null });
    const deliveries = [deliveryOf(batch, 'a', [[5000]])];
    expect(shown(keeperOf().keep(batch, deliveries, { ...ALL, traced }))).toEqual(['0: tail_slow 1,3']);
  });
});

describe('budget', () => {
  test('is spent on one log of each segment first, failed ones before slow ones', () => {
    const batch = batchWith(9, 9, 9);
    const deliveries = [
      deliveryOf(batch, 'a', [[5000]]),
      deliveryOf(batch, 'b', [[10, failure]], [batch.segments[2]!]),
    ];
    const keeper = keeperOf({ max_per_second: 4 });
    expect(shown(keeper.keep(batch, deliveries, ALL))).toEqual([
      '2: tail_failed 18,19',
      '0: tail_slow 0',
      '1: tail_slow 9',
    ]);
  });

  test('comes back with time', async () => {
    const clock = new FakeClock();
    const keeper = keeperOf({ max_per_second: 2 }, clock);
    const batch = batchWith(9);
    const deliveries = [deliveryOf(batch, 'a', [[5000]])];
    const kept = () => keeper.keep(batch, deliveries, ALL).reduce((sum, { rows }) => sum + rows.length, 0);
    expect([kept(), kept()]).toEqual([2, 0]);
    await clock.advance(500);
    expect(kept()).toBe(1);
  });

  test('holds, and picks are live, untraced, ascending and unique', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 5 }),
        fc.integer({ min: 1, max: 30 }),
        fc.uniqueArray(fc.nat(100)),
        fc.array(fc.nat(100)),
        (counts, budget, tracedRows, refused) => {
          const batch = batchWith(...counts);
          const indexes = refused.filter((row) => row < batch.count);
          const partial = new PartialError('some', { reason: '400', count: indexes.length, indexes });
          const already = Uint32Array.from(tracedRows.sort((a, b) => a - b));
          const traced = () => ({ rows: already });
          const picks = keeperOf({ max_per_second: budget }).keep(
            batch,
            [deliveryOf(batch, 'a', [[5000, partial]])],
            { ...ALL, traced },
          );
          expect(picks.reduce((sum, { rows }) => sum + rows.length, 0)).toBeLessThanOrEqual(budget);
          for (const { segment, rows } of picks) {
            expect([...rows]).toEqual([...new Set(rows)].sort((a, b) => a - b));
            for (const row of rows) {
              expect(row >= segment.first && row < segment.first + segment.count).toBe(true);
              expect(already.includes(row)).toBe(false);
            }
          }
        },
      ),
    );
  });
});
