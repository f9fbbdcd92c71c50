import type { Timestamp } from './timestamp.ts';

/** The column as halves of its 64-bit integers, low half first: for hosts with the low byte first, like WebAssembly's memory. */
export function halvesOf(column: BigUint64Array): Uint32Array {
  return new Uint32Array(column.buffer, column.byteOffset, column.length * 2);
}

/**
 * Writes `seconds · 10^9 + nanos` to a row of the column given by its halves, in plain numbers: three big integers per
 * record would cost more than reading the time. `seconds` below 2^34, `nanos` below 10^9.
 * Called by parse_json for each record.
 */
export function writeNanos(halves: Uint32Array, row: number, { seconds, nanos }: Timestamp): void {
  // Split at 16 bits, so that every product and sum stays below 2^53. Remainders without `%`, which is slow on doubles.
  const secondsHigh = Math.floor(seconds / 0x10000);
  const upper = secondsHigh * 1e9;
  const lower = (seconds - secondsHigh * 0x10000) * 1e9 + nanos;
  const upperHigh = Math.floor(upper / 0x10000);
  const lowerHigh = Math.floor(lower / 2 ** 32);
  const low = (upper - upperHigh * 0x10000) * 0x10000 + (lower - lowerHigh * 2 ** 32);
  const carry = low >= 2 ** 32 ? 1 : 0;
  halves[row * 2] = low - carry * 2 ** 32;
  halves[row * 2 + 1] = upperHigh + lowerHigh + carry;
}
