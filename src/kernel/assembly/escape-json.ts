import { sequence } from './utf8';

/** The inside of JSON strings. Called through `Kernel.escapeJson`. */

const QUOTE: u8 = 0x22;
const BACKSLASH: u8 = 0x5c;

/** U+FFFD in UTF-8. */
const REPLACEMENT: u32 = 0xbdbfef;

/** Lowest bit first: which of the 16 bytes at `at` are not copied as they are (`"`, `\`, below 32, above 127). */
function special(block: v128): i32 {
  const quote = i8x16.eq(block, i8x16.splat(QUOTE));
  const backslash = i8x16.eq(block, i8x16.splat(BACKSLASH));
  // Signed: bytes above 127 count as below 32.
  const outside = i8x16.lt_s(block, i8x16.splat(0x20));
  return i8x16.bitmask(v128.or(v128.or(quote, backslash), outside));
}

/** The letter behind the backslash in the short form of a control character (RFC 8259, section 7); 0: it has none. */
function shortForm(byte: u8): u8 {
  switch (byte) {
    case 8:
      return 0x62;
    case 9:
      return 0x74;
    case 10:
      return 0x6e;
    case 12:
      return 0x66;
    case 13:
      return 0x72;
    default:
      return byte == BACKSLASH ? byte : 0;
  }
}

function hexDigit(value: u8): u64 {
  return value < 10 ? 0x30 + value : 0x57 + value;
}

/** Writes the escape of one byte of `special` below 128; returns the address behind it. */
function putEscape(to: usize, byte: u8): usize {
  if (byte == QUOTE) {
    // By far the most frequent.
    store<u16>(to, ((<u16>QUOTE) << 8) | BACKSLASH);
    return to + 2;
  }
  const letter = shortForm(byte);
  store<u8>(to, BACKSLASH);
  if (letter != 0) {
    store<u8>(to, letter, 1);
    return to + 2;
  }
  // u, 0, 0, and two digits
  store<u64>(to, 0x303075 | (hexDigit(byte >> 4) << 24) | (hexDigit(byte & 15) << 32), 1);
  return to + 6;
}

/** Returns the address behind what was written to `to`, or 0 when it would end behind `limit`. */
export function escapeJson(from: usize, length: u32, to: usize, limit: usize): usize {
  const end = from + length;
  while (from < end) {
    const block = from;
    const blockEnd = min<usize>(block + 16, end);
    let found = special(v128.load(block));
    while (true) {
      if (to > limit) return 0;
      // A block without special bytes has its 16th bit past the last.
      const next = min<usize>(block + ctz(found | 0x10000), blockEnd);
      v128.store(to, v128.load(from));
      to += next - from;
      from = next;
      if (next == blockEnd) break;
      const byte = load<u8>(from);
      if (byte < 0x80) {
        to = putEscape(to, byte);
        from++;
        found &= found - 1;
        continue;
      }
      const bytes = sequence(from, end);
      if (bytes > 0) {
        store<u32>(to, load<u32>(from));
        to += bytes;
        from += bytes;
      } else {
        store<u32>(to, REPLACEMENT);
        to += 3;
        from -= bytes;
      }
      if (from >= blockEnd) break;
      const passed = <i32>(from - block);
      found &= -1 << passed;
    }
  }
  return to > limit ? 0 : to;
}
