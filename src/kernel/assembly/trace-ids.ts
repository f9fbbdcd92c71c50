/** Ids of traced logs, drawn as src/kernel/trace-ids.ts says. Called by the encoders. */

/** As a value whose bytes in memory are the other way round. */
function reversed(value: v128): v128 {
  return i8x16.shuffle(value, value, 7, 6, 5, 4, 3, 2, 1, 0, 15, 14, 13, 12, 11, 10, 9, 8);
}

function draw(seed: u64, row: u32, index: u32): u64 {
  let z = seed + (((<u64>row) << 4) + index + 1) * 0x9e3779b97f4a7c15;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

/** The upper 64 bits of a product. */
function multiplyHigh(a: u64, b: u64): u64 {
  const aLow = a & 0xffffffff;
  const aHigh = a >> 32;
  const bLow = b & 0xffffffff;
  const bHigh = b >> 32;
  const middle = aHigh * bLow + ((aLow * bLow) >> 32);
  const rest = aLow * bHigh + (middle & 0xffffffff);
  return aHigh * bHigh + (middle >> 32) + (rest >> 32);
}

/** The 16 bytes of a record's trace id; their low 56 bits are at least `threshold` (0 to 2^56). */
export function traceId(seed: u64, threshold: u64, row: u32): v128 {
  const high = draw(seed, row, 0);
  let low = draw(seed, row, 1);
  if (threshold != 0) {
    // Shifted so that the product's upper half begins at bit 56.
    const above = multiplyHigh(low << 8, ((<u64>1) << 56) - threshold);
    low = (low & 0xff00000000000000) | (threshold + above);
  }
  if ((high | low) == 0) low = 1;
  return reversed(i64x2.replace_lane(i64x2.splat(high), 1, low));
}

/** The 8 bytes of a record's span id number `n`, as they are stored. */
export function spanId(seed: u64, row: u32, n: u32): u64 {
  const id = draw(seed, row, 2 + n);
  return bswap(id == 0 ? 1 : id);
}

/** Writes a record's trace id (16 bytes) and its span id number `n` (8 bytes). */
export function putIds(seed: u64, threshold: u64, row: u32, n: u32, to: usize): void {
  v128.store(to, traceId(seed, threshold, row));
  store<u64>(to, spanId(seed, row, n), 16);
}
