/** A short run of the fault laboratory; `npm run test:faults` plays more. */
import { expect, test } from 'vitest';
import { play } from './laboratory.ts';
import { planOf } from './plan.ts';

/** Starts of the agent take most of the time, so much of it when the machine is busy. */
const PATIENCE_MS = 120_000;

test.each([2, 12, 22])(
  'seed %i: nothing is lost, damaged, out of order, or twice without a reason',
  async (seed) => {
    const { faults } = await play(planOf(seed, { steps: 40, smallDisk: false }));
    expect(faults).toEqual([]);
  },
  PATIENCE_MS,
);
