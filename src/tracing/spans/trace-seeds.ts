/**
 * Seeds of the ids of each batch's logs. The kernel draws ids from a counter (SplitMix64: steps of one odd constant, 16
 * steps a row), so every batch goes on where the one before ended: within a run of the agent no id is drawn twice, and
 * runs and agents differ by a random start.
 */
import { randomBytes } from 'node:crypto';

/** SplitMix64's increment, 2^64 divided by the golden ratio (Steele, Lea, Flood, "Fast splittable pseudorandom number generators"). */
const GAMMA = 0x9e3779b97f4a7c15n;
const DRAWS_PER_ROW = 16n;

export class TraceSeeds {
  #next: bigint;

  constructor(start: bigint = randomBytes(8).readBigUInt64LE()) {
    this.#next = start;
  }

  /** The seed for `rows` rows from 0 on. */
  take(rows: number): bigint {
    const seed = this.#next;
    this.#next = BigInt.asUintN(64, seed + BigInt(rows) * DRAWS_PER_ROW * GAMMA);
    return seed;
  }
}
