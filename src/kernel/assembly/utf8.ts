/** UTF-8 as RFC 3629 defines it. Called by the encoders. */

/** The byte at `at` if it is a continuation byte within `low`..`high`, before `end`. */
function continues(at: usize, end: usize, low: u32, high: u32): bool {
  return at < end && <u32>load<u8>(at) - low <= high - low;
}

/**
 * Looks at the sequence that starts with the byte at `at` (128 or above, `at < end`). Returns its length, 2 to 4,
 * when it is valid. Else minus the length, 1 to 3, of the bytes that one U+FFFD replaces: the longest start of a valid
 * sequence, as WHATWG's decoder and Unicode (chapter 3.9, "maximal subpart") do.
 */
export function sequence(at: usize, end: usize): i32 {
  const lead: u32 = load<u8>(at);
  if (lead < 0xc2 || lead > 0xf4) return -1;
  if (lead < 0xe0) return continues(at + 1, end, 0x80, 0xbf) ? 2 : -1;
  if (lead < 0xf0) {
    // No overlong forms, no surrogates.
    if (!continues(at + 1, end, lead == 0xe0 ? 0xa0 : 0x80, lead == 0xed ? 0x9f : 0xbf)) return -1;
    return continues(at + 2, end, 0x80, 0xbf) ? 3 : -2;
  }
  // No overlong forms, nothing above U+10FFFF.
  if (!continues(at + 1, end, lead == 0xf0 ? 0x90 : 0x80, lead == 0xf4 ? 0x8f : 0xbf)) return -1;
  if (!continues(at + 2, end, 0x80, 0xbf)) return -2;
  return continues(at + 3, end, 0x80, 0xbf) ? 4 : -3;
}

/** Whether the bytes are valid UTF-8. */
export function isUtf8(from: usize, length: u32): bool {
  const end = from + length;
  let at = from;
  while (at < end) {
    const high = i8x16.bitmask(v128.load(at));
    if (high == 0) {
      at += 16;
      continue;
    }
    at += ctz(high);
    // The bytes above 127 may lie behind the end.
    while (at < end && load<u8>(at) >= 0x80) {
      const length = sequence(at, end);
      if (length < 0) return false;
      at += length;
    }
  }
  return true;
}
