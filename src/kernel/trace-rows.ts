/**
 * Finds the row whose log has a trace id, from what ids are drawn from alone. For questions about a trace id of which
 * nothing else is left. The generator of trace-ids.ts is a bijection, so its number can be taken back to the state it
 * was drawn from, and the state says how many draws lie between it and the seed. A threshold hides the number's low
 * bits: then every row is tried, but only where the prefix is that of the id, which is true of one batch.
 */
import { GAMMA, type IdSeed, traceIdOf } from './trace-ids.ts';

/** Inverses modulo 2^64 of the odd constants of trace-ids.ts. */
const GAMMA_INVERSE = inverse(GAMMA);
const FIRST_INVERSE = inverse(0xbf58476d1ce4e5b9n);
const SECOND_INVERSE = inverse(0x94d049bb133111ebn);

/** The row below `rows` that draws the id; -1: none does. @param traceId 16 bytes. */
export function rowOf(
  traceId: Buffer,
  origin: IdSeed & { readonly threshold: bigint; readonly rows: number },
): number {
  const { prefix, seed, threshold, rows } = origin;
  if (traceId.readBigUInt64BE(0) !== prefix) return -1;
  if (threshold > 0n) {
    for (let row = 0; row < rows; row++) if (traceIdOf(origin, threshold, row).equals(traceId)) return row;
    return -1;
  }
  const row = BigInt.asUintN(64, (stateOf(traceId.readBigUInt64BE(8)) - seed) * GAMMA_INVERSE) - 1n;
  return row >= 0n && row < BigInt(rows) ? Number(row) : -1;
}

/** The generator's state at which a number was drawn. */
function stateOf(drawn: bigint): bigint {
  let z = unshift(drawn, 31n);
  z = unshift(BigInt.asUintN(64, z * SECOND_INVERSE), 27n);
  return unshift(BigInt.asUintN(64, z * FIRST_INVERSE), 30n);
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
