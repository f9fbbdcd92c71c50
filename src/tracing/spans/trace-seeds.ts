/**
 * What the ids of each batch's logs are made of. Second halves are drawn from a counter (SplitMix64, one step a row), so
 * every batch goes on where the one before ended: within a run of the agent none is drawn twice, and runs and agents
 * differ by a random start. Every batch has a prefix of its own, so that ids are spread over all first halves.
 */
import { randomBytes } from 'node:crypto';
import { draw, type IdSeed, shiftSeed } from '../../kernel/trace-ids.ts';

export class TraceSeeds {
  #next: bigint;

  constructor(start: bigint = randomBytes(8).readBigUInt64LE()) {
    this.#next = start;
  }

  /** For `rows` rows from 0 on. */
  take(rows: number): IdSeed {
    const seed = this.#next;
    this.#next = shiftSeed(seed, rows);
    // From another stretch of the generator's numbers than the rows'.
    return { prefix: draw(BigInt.asUintN(64, ~seed), 0), seed };
  }
}
