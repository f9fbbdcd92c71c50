import type { Timestamp } from './timestamp.ts';

/** The halves of the 64-bit integers of a column, low half first. */
const HALVES = new WeakMap<BigUint64Array, Uint32Array>();

/**
 * Writes `seconds · 10^9 + nanos` to a row of the column, in plain numbers: three big integers per record would cost
 * as much as reading the time. For hosts with the low byte first, like WebAssembly's memory.
 * `seconds` below 2^34, `nanos` below 10^9. Called by parse_json for each record.
 */
export function writeNanos(column: BigUint64Array, row: number, { seconds, nanos }: Timestamp): void {
  let halves = HALVES.get(column);
  if (halves === undefined) {
    halves = new Uint32Array(column.buffer, column.byteOffset, column.length * 2);
    HALVES.set(column, halves);
  }
  // Split the seconds at 16 bits, so that every product and sum stays below 2^53.
  const upper = Math.floor(seconds / 0x10000) * 1e9;
  const lower = (seconds % 0x10000) * 1e9 + nanos;
  const low = (upper % 0x10000) * 0x10000 + (lower % 2 ** 32);
  halves[row * 2] = low % 2 ** 32;
  halves[row * 2 + 1] = Math.floor(upper / 0x10000) + Math.floor(lower / 2 ** 32) + Math.floor(low / 2 ** 32);
}
