/**
 * Finds the row whose log has a trace id, from the seed alone: the generator of trace-ids.ts is a bijection, so its
 * number can be taken back to the state it was drawn from, and the state says how many draws lie between it and the
 * seed. For questions about a trace id of which nothing else is left.
 */
import { traceIdOf } from './trace-ids.ts';

const GAMMA = 0x9e3779b97f4a7c15n;
const DRAWS_PER_ROW = 16n;
/** Inverses modulo 2^64 of the odd constants of trace-ids.ts. */
const GAMMA_INVERSE = inverse(GAMMA);
const FIRST_INVERSE = inverse(0xbf58476d1ce4e5b9n);
const SECOND_INVERSE = inverse(0x94d049bb133111ebn);

/** The generator's state at which the first half of the id was drawn. @param traceId 16 bytes. */
export function stateOf(traceId: Buffer): bigint {
  let z = traceId.readBigUInt64BE(0);
  z = unshift(z, 31n);
  z = unshift(BigInt.asUintN(64, z * SECOND_INVERSE), 27n);
  return unshift(BigInt.asUintN(64, z * FIRST_INVERSE), 30n);
}

/** The row below `rows` that draws the id; -1: none does. @param state as `stateOf` gave it for the id. */
export function rowOf(
  traceId: Buffer,
  state: bigint,
  { seed, threshold, rows }: { seed: bigint; threshold: bigint; rows: number },
): number {
  const draws = BigInt.asUintN(64, (state - seed) * GAMMA_INVERSE) - 1n;
  if (draws < 0n || draws % DRAWS_PER_ROW !== 0n || draws >= BigInt(rows) * DRAWS_PER_ROW) return -1;
  const row = Number(draws / DRAWS_PER_ROW);
  return traceIdOf(seed, threshold, row).equals(traceId) ? row : -1;
}

/** Takes `z ^ (z >> bits)` back to z. */
function unshift(value: bigint, bits: bigint): bigint {
  let z = value;
  for (let known = bits; known < 64n; known += bits) z = value ^ (z >> bits);
  return z;
}

/** Of an odd number modulo 2^64, by Newton's iteration: each step doubles the number of right bits. */
function inverse(odd: bigint): bigint {
  let x = odd;
  for (let bits = 3; bits < 64; bits *= 2) x = BigInt.asUintN(64, x * (2n - odd * x));
  return x;
}
