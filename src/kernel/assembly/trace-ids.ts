/** Ids of traced logs, drawn as src/kernel/trace-ids.ts says. Called by the encoders. */

/** The generator's number for a row; never 0. */
export function draw(seed: u64, row: u32): u64 {
  let z = seed + (<u64>row + 1) * 0x9e3779b97f4a7c15;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  z ^= z >> 31;
  return select<u64>(1, z, z == 0);
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

/** A number's bytes, the highest first, twice. */
export function bigEndian(number: u64): v128 {
  const bytes = i64x2.splat(number);
  return i8x16.shuffle(bytes, bytes, 7, 6, 5, 4, 3, 2, 1, 0, 7, 6, 5, 4, 3, 2, 1, 0);
}

/** A row's number, the second half of its trace id and its root's span id: its low 56 bits are at least `threshold`. */
export function numberOf(seed: u64, threshold: u64, row: u32): u64 {
  const random = draw(seed, row);
  if (threshold == 0) return random;
  // Shifted so that the product's upper half begins at bit 56.
  const above = multiplyHigh(random << 8, ((<u64>1) << 56) - threshold);
  return (random & 0xff00000000000000) | (threshold + above);
}

/** Span id `n` of the row with this number. */
export function spanIdOf(number: u64, n: u32): u64 {
  return n == 0 ? number : ((<u64>n) << 56) | (number >> 8);
}

/** Writes span id `n` of a record, 8 bytes: 0 is its number. */
export function putSpanId(seed: u64, threshold: u64, row: u32, n: u32, to: usize): void {
  v128.store64_lane(to, bigEndian(spanIdOf(numberOf(seed, threshold, row), n)), 0);
}
