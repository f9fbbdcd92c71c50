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

/** In memory, because the host makes a constant of 16 bytes anew in each loop that needs it. */
const BYTES = memory.data<u8>([0xc6, 6, 0xf0, 0xdf, 0x41, 10]);
const BYTES16 = memory.data<u16>([0xff]);

/** The values of the 16 digits at `at`, in either case; what is no digit is above 15. */
export function nibblesOf(at: usize): v128 {
  const characters = v128.load(at);
  // Digits become the highest ten, from which others are parted by saturation.
  const highest = i8x16.sub_sat_u(i8x16.add(characters, v128.load8_splat(BYTES)), v128.load8_splat(BYTES, 1));
  const ofDigits = i8x16.sub(highest, v128.load8_splat(BYTES, 2));
  const letters = i8x16.sub(v128.and(characters, v128.load8_splat(BYTES, 3)), v128.load8_splat(BYTES, 4));
  return i8x16.min_u(ofDigits, i8x16.add_sat_u(letters, v128.load8_splat(BYTES, 5)));
}

/** Whether all 16 are values of digits. */
export function areNibbles(values: v128): bool {
  return !v128.any_true(v128.and(values, v128.load8_splat(BYTES, 2)));
}

/** The 16 bytes of 32 values of digits. */
export function bytesOf(high: v128, low: v128): v128 {
  const byte = v128.load16_splat(BYTES16);
  const first = v128.and(v128.or(i16x8.shl(high, 4), i16x8.shr_u(high, 8)), byte);
  const second = v128.and(v128.or(i16x8.shl(low, 4), i16x8.shr_u(low, 8)), byte);
  return i8x16.narrow_i16x8_u(first, second);
}
