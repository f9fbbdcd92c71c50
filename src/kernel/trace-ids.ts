/**
 * Ids of one traced log: numbers of a counter-based generator over the segment's seed and the log's row, so that whoever
 * has both draws the same ids. The twin of what the kernel draws; where there is no kernel, this does it.
 *
 * The generator is SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, OOPSLA 2014) with
 * 16 draws a row.
 */

const DRAWS_PER_ROW = 16n;
/** The golden ratio's fraction in 64 bits, odd. */
const GAMMA = 0x9e3779b97f4a7c15n;
const LOW_56 = (1n << 56n) - 1n;

function draw(seed: bigint, row: number, index: number): bigint {
  let z = BigInt.asUintN(64, seed + (BigInt(row) * DRAWS_PER_ROW + BigInt(index) + 1n) * GAMMA);
  z = BigInt.asUintN(64, (z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n);
  z = BigInt.asUintN(64, (z ^ (z >> 27n)) * 0x94d049bb133111ebn);
  return z ^ (z >> 31n);
}

/**
 * Draws 0 and 1, big-endian; never all zeros.
 * @param threshold 0 to 2^56: the id's low 56 bits are at least this, evenly spread above it.
 */
export function traceIdOf(seed: bigint, threshold: bigint, row: number): Buffer {
  const high = draw(seed, row, 0);
  const random = draw(seed, row, 1);
  const low = threshold + (((random & LOW_56) * ((1n << 56n) - threshold)) >> 56n);
  const rest = (random & ~LOW_56) | low;
  const id = Buffer.alloc(16);
  id.writeBigUInt64BE(high);
  id.writeBigUInt64BE(high === 0n && rest === 0n ? 1n : rest, 8);
  return id;
}

/** Draw 2 + n, big-endian; never all zeros. */
export function spanIdOf(seed: bigint, row: number, n: number): Buffer {
  const id = Buffer.alloc(8);
  id.writeBigUInt64BE(draw(seed, row, 2 + n) || 1n);
  return id;
}

/** The seed that draws for a row what `seed` draws for the row `rows` behind it (or, below 0, before it). */
export function shiftSeed(seed: bigint, rows: number): bigint {
  return BigInt.asUintN(64, seed + BigInt(rows) * DRAWS_PER_ROW * GAMMA);
}
