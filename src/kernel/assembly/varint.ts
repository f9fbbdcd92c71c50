/** Protocol Buffers' base-128 varints, without branches. Called by the encoders. */

/** Bytes of the shortest varint of `value`: 1 to 5. */
export function varintLength(value: u32): u32 {
  return ((31 - clz(value | 1)) * 9 + 73) >> 6;
}

/** Writes the shortest varint of `value` (and up to 8 bytes of slack) and returns the address behind it. */
export function putVarint(to: usize, value: u32): usize {
  const length = varintLength(value);
  const n: u64 = value;
  const groups =
    (n & 0x7f) |
    ((n << 1) & 0x7f00) |
    ((n << 2) & 0x7f0000) |
    ((n << 3) & 0x7f000000) |
    ((n << 4) & 0x7f00000000);
  // A continuation bit on every byte but the last.
  store<u64>(to, groups | (0x0000008080808080 & (((<u64>1) << ((length - 1) << 3)) - 1)));
  return to + length;
}

/** The low 28 bits of a number as the first 4 bytes of a varint that goes on. */
export function openVarint4(value: u32): u32 {
  const pairs = (value & 0x3fff) | ((value & 0x0fffc000) << 2);
  return (pairs & 0x007f007f) | ((pairs & 0x3f803f80) << 1) | 0x80808080;
}

/** A number below 2^28 as a varint of 4 bytes. */
export function varint4(value: u32): u32 {
  return openVarint4(value) & 0x7fffffff;
}
