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

/** The values of the 16 digits at `at`, in either case; what is no digit has its highest bit set. */
export function nibblesOf(at: usize): v128 {
  const characters = v128.load(at);
  const digits = i8x16.sub(characters, i8x16.splat(0x30));
  const letters = i8x16.sub(v128.or(characters, i8x16.splat(0x20)), i8x16.splat(0x61));
  const isDigit = i8x16.lt_u(digits, i8x16.splat(10));
  const isLetter = i8x16.lt_u(letters, i8x16.splat(6));
  const ofLetters = v128.and(i8x16.add(letters, i8x16.splat(10)), isLetter);
  const values = v128.or(v128.and(digits, isDigit), ofLetters);
  return v128.or(values, v128.andnot(i8x16.splat(-128), v128.or(isDigit, isLetter)));
}

/** The 16 bytes of 32 values of digits. */
export function bytesOf(high: v128, low: v128): v128 {
  const nibble = i16x8.splat(0xf0);
  const first = v128.or(v128.and(i16x8.shl(high, 4), nibble), i16x8.shr_u(high, 8));
  const second = v128.or(v128.and(i16x8.shl(low, 4), nibble), i16x8.shr_u(low, 8));
  return i8x16.narrow_i16x8_u(first, second);
}
