/** A short run of the fault laboratory; `npm run test:faults` plays more. */
import { expect, test } from 'vitest';
import { play } from './laboratory.ts';
import { planOf } from './plan.ts';

test.concurrent.each([1, 5, 9, 12])(
  'seed %i: nothing is lost, damaged, out of order, or twice without a reason',
  async (seed) => {
    const { faults } = await play(planOf(seed, { steps: 40, smallDisk: false }));
    expect(faults).toEqual([]);
  },
);
