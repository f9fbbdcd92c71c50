import { RECORD_SPLIT, RECORD_UNTERMINATED } from './record-flag';

/** Finds the records in a run of bytes. Called through `Kernel.scanLines`, which documents the rules. */

const LF: i8 = 10;
const CR: u32 = 13;

/** Which of the 64 bytes at `at` are line feeds, lowest bit first. */
function lineFeeds(at: usize): u64 {
  const lf = i8x16.splat(LF);
  const a: u64 = <u32>i8x16.bitmask(i8x16.eq(v128.load(at), lf));
  const b: u64 = <u32>i8x16.bitmask(i8x16.eq(v128.load(at, 16), lf));
  const c: u64 = <u32>i8x16.bitmask(i8x16.eq(v128.load(at, 32), lf));
  const d: u64 = <u32>i8x16.bitmask(i8x16.eq(v128.load(at, 48), lf));
  return a | (b << 16) | (c << 32) | (d << 48);
}

/**
 * Writes rows of the columns from `starts`, `lengths` and `flags` on, at most `room` of them. Returns their number;
 * `result` gets two u32: bytes consumed, and records with the flag `split`.
 */
export function scanLines(
  from: usize,
  length: u32,
  starts: usize,
  lengths: usize,
  flags: usize,
  room: u32,
  maxRecordBytes: u32,
  final: bool,
  result: usize,
): u32 {
  const end = from + length;
  let start = from;
  let count: u32 = 0;
  let splits: u32 = 0;

  let block = from;
  while (block < end && count < room) {
    let found = lineFeeds(block);
    if (end - block < 64) found &= ((<u64>1) << (end - block)) - 1;
    while (found != 0 && count < room) {
      const lf = block + <usize>ctz(found);
      found &= found - 1;
      const stop = lf - usize(lf > start && load<u8>(lf - 1) == CR);
      while (<u32>(stop - start) > maxRecordBytes && count < room) {
        store<u32>(starts + (count << 2), start);
        store<u32>(lengths + (count << 2), maxRecordBytes);
        store<u8>(flags + count, RECORD_SPLIT);
        start += maxRecordBytes;
        count++;
        splits++;
      }
      if (count == room) break;
      store<u32>(starts + (count << 2), start);
      store<u32>(lengths + (count << 2), <u32>(stop - start));
      store<u8>(flags + count, 0);
      start = lf + 1;
      count++;
    }
    block += 64;
  }

  if (count < room && start < end) {
    // What is left has no line feed. A trailing CR may yet turn out to belong to the terminator.
    const certain = end - usize(!final && load<u8>(end - 1) == CR);
    while (<u32>(certain - start) > maxRecordBytes && count < room) {
      store<u32>(starts + (count << 2), start);
      store<u32>(lengths + (count << 2), maxRecordBytes);
      store<u8>(flags + count, RECORD_SPLIT);
      start += maxRecordBytes;
      count++;
      splits++;
    }
    if (final && count < room) {
      store<u32>(starts + (count << 2), start);
      store<u32>(lengths + (count << 2), <u32>(end - start));
      store<u8>(flags + count, RECORD_UNTERMINATED);
      start = end;
      count++;
    }
  }

  store<u32>(result, <u32>(start - from));
  store<u32>(result, splits, 4);
  return count;
}
