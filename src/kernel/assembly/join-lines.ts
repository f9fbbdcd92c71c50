import { RECORD_SPLIT, RECORD_UNTERMINATED } from './record-flag';

/** Writes records with their line terminators. Called through `Kernel.joinLines`. */

const LF: u8 = 10;
const CR_LF: u32 = 0x0a0d;

/**
 * `rows`: address of the indexes of the records, or 0 for `first` to `first + count`. Returns the address behind what
 * was written, or 0 when it would end behind `limit`. Records that lie behind one another, terminators included, are
 * copied in one go.
 */
export function joinLines(
  starts: usize,
  lengths: usize,
  flags: usize,
  rows: usize,
  first: u32,
  count: u32,
  to: usize,
  limit: usize,
): usize {
  let runStart: usize = 0;
  let runEnd: usize = 0;
  for (let i: u32 = 0; i < count; i++) {
    const row = rows == 0 ? first + i : load<u32>(rows + (i << 2));
    const start: usize = load<u32>(starts + (row << 2));
    const end = start + load<u32>(lengths + (row << 2));
    if (start != runEnd) {
      if (to + (runEnd - runStart) > limit) return 0;
      memory.copy(to, runStart, runEnd - runStart);
      to += runEnd - runStart;
      runStart = start;
    }
    runEnd = end;
    const behind: u32 =
      (load<u8>(flags + row) & (RECORD_SPLIT | RECORD_UNTERMINATED)) != 0 ? 0 : load<u16>(end);
    if ((behind & 0xff) == LF) {
      runEnd++;
    } else if (behind == CR_LF) {
      runEnd += 2;
    } else {
      const length = end - runStart;
      if (to + length + 1 > limit) return 0;
      memory.copy(to, runStart, length);
      store<u8>(to + length, LF);
      to += length + 1;
      runStart = end;
    }
  }
  if (to + (runEnd - runStart) > limit) return 0;
  memory.copy(to, runStart, runEnd - runStart);
  return to + (runEnd - runStart);
}
