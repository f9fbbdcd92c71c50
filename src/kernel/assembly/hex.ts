/** Bytes as hexadecimal digits and back. Called by the encoders and by contexts.ts. */

const DIGITS: v128 = i8x16(
  0x30,
  0x31,
  0x32,
  0x33,
  0x34,
  0x35,
  0x36,
  0x37,
  0x38,
  0x39,
  0x61,
  0x62,
  0x63,
  0x64,
  0x65,
  0x66,
);

/** The 16 lower-case digits of the first 8 bytes. */
export function hexOf8(bytes: v128): v128 {
  const high = i8x16.shr_u(bytes, 4);
  const low = v128.and(bytes, i8x16.splat(15));
  const nibbles = i8x16.shuffle(high, low, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
  return i8x16.swizzle(DIGITS, nibbles);
}

/** Writes the 32 digits of 16 bytes. */
export function putHex16(to: usize, bytes: v128): void {
  v128.store(to, hexOf8(bytes));
  v128.store(to, hexOf8(i64x2.splat(i64x2.extract_lane(bytes, 1))), 16);
}
