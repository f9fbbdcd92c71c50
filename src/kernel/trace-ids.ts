/**
 * Ids of traced logs: what the logs of a batch share, and numbers of a counter-based generator over the batch's seed and
 * the log's row, so that whoever has both draws the same ids. The twin of what the kernel draws; where there is no
 * kernel, this does it.
 *
 * A trace id is the batch's prefix (8 bytes) and the row's number (8 bytes). W3C Trace Context level 2 asks for no more:
 * its last 7 bytes must be random, and consistent sampling looks at those. What is the same for all logs of a batch
 * costs nothing in what is compressed, spans and stamped logs (docs/adr/0004). The root's span id is the row's number
 * too. Its children's ids, unique within the trace, are their own number (1 to 13) and the first 7 bytes of the root's.
 * Where logs are sampled, the row's number is drawn above their threshold.
 *
 * The generator is SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, OOPSLA 2014), one
 * draw a row.
 */

/** The golden ratio's fraction in 64 bits, odd. */
export const GAMMA = 0x9e3779b97f4a7c15n;
const LOW_56 = (1n << 56n) - 1n;

/** What the ids of a batch's logs are made of; 64 bits each. */
export interface IdSeed {
  /** The first half of every trace id; never 0. */
  readonly prefix: bigint;
  /** What the second halves are drawn from. */
  readonly seed: bigint;
}

/** The generator's number for a row, 64 bits; never 0. */
export function draw(seed: bigint, row: number): bigint {
  let z = BigInt.asUintN(64, seed + (BigInt(row) + 1n) * GAMMA);
  z = BigInt.asUintN(64, (z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n);
  z = BigInt.asUintN(64, (z ^ (z >> 27n)) * 0x94d049bb133111ebn);
  return z ^ (z >> 31n) || 1n;
}

/** A row's number. @param threshold 0 to 2^56: its low 56 bits are at least this, evenly spread above it. */
function numberOf(seed: bigint, threshold: bigint, row: number): bigint {
  const random = draw(seed, row);
  const low = threshold + (((random & LOW_56) * ((1n << 56n) - threshold)) >> 56n);
  return (random & ~LOW_56) | low;
}

/** The prefix and the row's number, big-endian. */
export function traceIdOf({ prefix, seed }: IdSeed, threshold: bigint, row: number): Buffer {
  const id = Buffer.alloc(16);
  id.writeBigUInt64BE(prefix);
  id.writeBigUInt64BE(numberOf(seed, threshold, row), 8);
  return id;
}

/** Span id `n` of a row, big-endian: 0 is the root, 1 to 13 are its children. */
export function spanIdOf(seed: bigint, threshold: bigint, row: number, n: number): Buffer {
  const root = numberOf(seed, threshold, row);
  const id = Buffer.alloc(8);
  id.writeBigUInt64BE(n === 0 ? root : (BigInt(n) << 56n) | (root >> 8n));
  return id;
}

/** The seed that draws for a row what `seed` draws for the row `rows` behind it (or, below 0, before it). */
export function shiftSeed(seed: bigint, rows: number): bigint {
  return BigInt.asUintN(64, seed + BigInt(rows) * GAMMA);
}
