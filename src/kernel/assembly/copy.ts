/** Copies of log lines. Called by the encoders. */

/** From this length on the host's `memory.copy`, which costs a call, is faster than a loop. */
const LONG: u32 = 1024;

/** Copies `length` bytes between regions that do not overlap; writes up to 16 bytes more, into slack. */
export function copyBytes(to: usize, from: usize, length: u32): void {
  if (length >= LONG) {
    memory.copy(to, from, length);
    return;
  }
  let i: u32 = 0;
  do {
    v128.store(to + i, v128.load(from + i));
    i += 16;
  } while (i < length);
}

/** Like `copyBytes`; returns false when a byte above 127 was perhaps among them. */
export function copyAscii(to: usize, from: usize, length: u32): bool {
  let seen = i64x2.splat(0);
  let i: u32 = 0;
  do {
    const block = v128.load(from + i);
    v128.store(to + i, block);
    seen = v128.or(seen, block);
    i += 16;
  } while (i < length);
  return i8x16.bitmask(seen) == 0;
}
