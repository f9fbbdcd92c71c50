import { copyBytes } from './copy';

/**
 * Snappy's block format (google/snappy, format_description.txt), tuned for log lines. Called through `Kernel.snappy`.
 *
 * One pass, greedy. Two ways to find a match, in this order:
 * - a table from the hash of eight bytes to where they were last seen. Eight, because shorter matches cost almost
 *   what they save and most of the time goes into the number of matches;
 * - the distance of the match before: where a line differs from an earlier one in a field of the same width, it goes
 *   on to be the same at the same distance. One comparison of 16 bytes finds the place without touching the table.
 *
 * Copies reach back up to 65,535 bytes from anywhere: there are no fragments, so the table is cleared once a call.
 */

const TABLE_BITS: u64 = 14;
const TABLE_BYTES: usize = 2 << 14;
/** An odd number with about half its bits set, from SplitMix64. */
const HASH_FACTOR: u64 = 0xbf58476d1ce4e5b9;
/** Searching stops this far from the end, so that no match has to be looked for byte by byte. */
const TAIL: u32 = 24;
/** After 32 places without a match the search takes steps of 2 bytes, after 32 more of 3… */
const STEP_SHIFT: u32 = 5;
/** Matches have at least this many bytes. */
const MIN_MATCH: u32 = 6;

/** Address of the table's row for eight bytes: the low 16 bits of the place where they were last seen. */
function rowOf(table: usize, bytes: u64): usize {
  return table + ((<usize>((bytes * HASH_FACTOR) >> (64 - TABLE_BITS))) << 1);
}

function putLength(to: usize, length: u32): usize {
  while (length >= 128) {
    store<u8>(to, <u8>(length | 128));
    length >>= 7;
    to++;
  }
  store<u8>(to, <u8>length);
  return to + 1;
}

function putLiteral(to: usize, from: usize, length: u32): usize {
  const n = length - 1;
  if (n < 60) {
    store<u8>(to, <u8>(n << 2));
    to += 1;
  } else if (n < 0x100) {
    store<u8>(to, 60 << 2);
    store<u8>(to, <u8>n, 1);
    to += 2;
  } else if (n < 0x10000) {
    store<u8>(to, 61 << 2);
    store<u16>(to, <u16>n, 1);
    to += 3;
  } else {
    store<u8>(to, 63 << 2);
    store<u32>(to, n, 1);
    to += 5;
  }
  copyBytes(to, from, length);
  return to + length;
}

/** A literal of 1 to 16 bytes; overwrites up to 15 bytes behind it. */
function putShortLiteral(to: usize, from: usize, length: u32): usize {
  store<u8>(to, <u8>((length - 1) << 2));
  v128.store(to, v128.load(from), 1);
  return to + 1 + length;
}

/** A literal of 1 to 48 bytes; overwrites up to 47 bytes behind it. */
function putMediumLiteral(to: usize, from: usize, length: u32): usize {
  store<u8>(to, <u8>((length - 1) << 2));
  v128.store(to, v128.load(from), 1);
  v128.store(to, v128.load(from, 16), 17);
  v128.store(to, v128.load(from, 32), 33);
  return to + 1 + length;
}

/** One or more copies; `length` is at least 4, `offset` 1 to 65,535. */
function putCopy(to: usize, offset: u32, length: u32): usize {
  while (length > 64) {
    // Not all 64 at once when fewer than 4 would be left.
    const part: u32 = length >= 68 ? 64 : 60;
    store<u32>(to, ((part - 1) << 2) | 2 | (offset << 8));
    to += 3;
    length -= part;
  }
  // Chosen without a branch: which form it will be cannot be predicted.
  const isShort = u32(length < 12) & u32(offset < 2048);
  const short = 1 | ((length - 4) << 2) | ((offset >> 8) << 5) | ((offset & 0xff) << 8);
  const long = 2 | ((length - 1) << 2) | (offset << 8);
  store<u32>(to, select<u32>(short, long, isShort));
  return to + 3 - isShort;
}

/** The end of the match at `at`, of which `MIN_MATCH` bytes are known, with what lies `offset` before. */
function matchEnd(at: usize, offset: u32, end: usize): usize {
  at += MIN_MATCH;
  while (at < end) {
    const differ = i8x16.bitmask(i8x16.ne(v128.load(at), v128.load(at - offset)));
    if (differ != 0) {
      at += ctz(differ);
      break;
    }
    at += 16;
  }
  return min<usize>(at, end);
}

/** Which of the 16 bytes at `at` start `MIN_MATCH` bytes that are the same `offset` before; lowest bit first. */
function matchesAt(at: usize, offset: u32): u32 {
  const same = <u32>i8x16.bitmask(i8x16.eq(v128.load(at), v128.load(at - offset)));
  const pairs = same & (same >> 1);
  return pairs & (pairs >> 2) & (pairs >> 4);
}

/** A region that begins at or behind `at`, among those from `region` to `regionsEnd`; `regionsEnd`: there is none. */
function regionFrom(region: usize, regionsEnd: usize, at: usize, end: usize): usize {
  while (region < regionsEnd) {
    const start: usize = load<u32>(region);
    if (start >= at && start + load<u32>(region, 4) <= end) break;
    region += 8;
  }
  return region;
}

/** How many of the 16 bytes before `at` are the same `offset` before. */
function sameOf16(at: usize, offset: u32): u32 {
  const differ = <u32>i8x16.bitmask(i8x16.ne(v128.load(at - 16), v128.load(at - 16 - offset)));
  return clz((differ << 16) | 0x8000);
}

/** How many of the 32 bytes before `at` are the same `offset` before. */
function sameBefore(at: usize, offset: u32): u32 {
  const same = sameOf16(at, offset);
  return same < 16 ? same : 16 + sameOf16(at - 16, offset);
}

/**
 * Writes the block and returns the address behind it. `to` must have room for the largest result (layout.ts,
 * `snappyBound`), `table` for 32 KiB.
 *
 * `regions`, `regionCount`: u32 addresses and lengths, ascending, of bytes that repeat nothing, such as ids. They become
 * literals and are neither searched nor entered in the table. Every `period`th region has the same kind, as ids of one
 * record after the other have: what lies before and behind it is taken to lie there again `period` regions later, so it
 * is compared without being searched.
 */
export function snappy(
  from: usize,
  length: u32,
  to: usize,
  table: usize,
  regions: usize,
  regionCount: u32,
  period: u32,
): usize {
  memory.fill(table, 0, TABLE_BYTES);
  to = putLength(to, length);
  if (length == 0) return to;
  const end = from + length;
  const regionsEnd = regions + (regionCount << 3);
  const stride = period << 3;

  let pending = from;
  let at = from + 1;
  let region = regionFrom(regions, regionsEnd, from, end);
  /** Distance of a match that is likely to be near `at`; 0: unknown. */
  let expected: u32 = 0;
  while (true) {
    const stop: usize = region < regionsEnd ? load<u32>(region) : end;
    const limit = stop - TAIL;
    while (true) {
      let offset: u32 = 0;
      if (expected != 0 && at <= limit) offset = expected;
      expected = 0;
      const matches = offset == 0 ? 0 : matchesAt(at, offset);
      if (matches != 0) {
        at += ctz(matches);
      } else {
        let steps: u32 = 1 << STEP_SHIFT;
        while (at <= limit) {
          const bytes = load<u64>(at);
          const row = rowOf(table, bytes);
          const position = <u32>(at - from);
          // A row that was never written, or long ago, names some place in reach: what lies there decides.
          offset = (position - load<u16>(row)) & 0xffff;
          store<u16>(row, <u16>position);
          if (load<u64>(at - offset) == bytes) break;
          at += steps >> STEP_SHIFT;
          steps++;
        }
        if (at > limit) break;
        if (offset == 0) {
          // The row was no older than this place itself: it was never written, or exactly 65,536 bytes ago.
          at++;
          continue;
        }
      }
      const unmatched = <u32>(at - pending);
      if (unmatched != 0) {
        to = unmatched <= 16 ? putShortLiteral(to, pending, unmatched) : putLiteral(to, pending, unmatched);
      }

      while (true) {
        pending = matchEnd(at, offset, stop);
        to = putCopy(to, offset, <u32>(pending - at));
        at = pending;
        if (at > limit) break;

        const bytes = load<u64>(at);
        const row = rowOf(table, bytes);
        const position = <u32>(at - from);
        const seen = (position - load<u16>(row)) & 0xffff;
        store<u16>(row, <u16>position);
        if (load<u64>(at - seen) == bytes && seen != 0) {
          offset = seen;
          continue;
        }
        const matches = matchesAt(at, offset);
        if (matches == 0) {
          at++;
          break;
        }
        const skipped = <u32>ctz(matches);
        to = putShortLiteral(to, at, skipped);
        at += skipped;
      }
    }
    if (region >= regionsEnd) break;

    if (region >= regions + stride) {
      const before: usize = load<u32>(region - stride);
      const distance = <u32>(stop - before);
      if (distance < 0x10000 && before >= from + 32) {
        expected = distance;
        if (pending != stop) {
          const copied = max(pending, stop - sameBefore(stop, distance));
          const same = <u32>(stop - copied);
          // The shortest copy that is smaller than its bytes.
          if (same >= 4) {
            if (copied != pending) to = putLiteral(to, pending, <u32>(copied - pending));
            to = putCopy(to, distance, same);
            pending = stop;
          }
        }
      }
    }
    at = stop + load<u32>(region, 4);
    const unmatched = <u32>(at - pending);
    to = unmatched <= 48 ? putMediumLiteral(to, pending, unmatched) : putLiteral(to, pending, unmatched);
    pending = at;
    region = regionFrom(region + 8, regionsEnd, at, end);
  }
  return pending == end ? to : putLiteral(to, pending, <u32>(end - pending));
}
