/**
 * What the ids of each batch's logs are made of. Second halves are drawn from a counter (SplitMix64, one step a row), of
 * which every batch has a stretch of its own: within a run of the agent none is drawn twice, and runs and agents
 * differ by a random start. Every batch has a prefix of its own, so that ids are spread over all first halves.
 */
import { randomBytes } from 'node:crypto';
import { draw, type IdSeed, shiftSeed } from '../../kernel/trace-ids.ts';

/** Rows that a batch may have: `dispatcher.batch_size` is a million at most. */
export const MAX_ROWS = 2 ** 20;
/** Made at once: arithmetic with large integers takes several times as long when it is done once a batch. */
const MADE_AT_ONCE = 64;

export class TraceSeeds {
  #next: bigint;
  readonly #ready: IdSeed[] = [];

  constructor(start: bigint = randomBytes(8).readBigUInt64LE()) {
    this.#next = start;
  }

  /** For a batch of up to `MAX_ROWS` rows. */
  take(): IdSeed {
    if (this.#ready.length === 0) this.#make();
    return this.#ready.pop()!;
  }

  #make(): void {
    for (let i = 0; i < MADE_AT_ONCE; i++) {
      const seed = this.#next;
      this.#next = shiftSeed(seed, MAX_ROWS);
      // From another stretch of the generator's numbers than the rows'.
      this.#ready.push({ prefix: draw(BigInt.asUintN(64, ~seed), 0), seed });
    }
  }
}
