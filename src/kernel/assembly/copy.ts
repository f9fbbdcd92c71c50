/** Copies of log lines, 64 bytes a step. Called by the encoders. */

/** From this length on the host's `memory.copy`, which costs a call, is faster than a loop. */
const LONG: u32 = 1024;

/** Copies `length` bytes between regions that do not overlap; writes up to 64 bytes more, into slack. */
export function copyBytes(to: usize, from: usize, length: u32): void {
  if (length >= LONG) {
    memory.copy(to, from, length);
    return;
  }
  let i: u32 = 0;
  do {
    v128.store(to + i, v128.load(from + i));
    v128.store(to + i, v128.load(from + i, 16), 16);
    v128.store(to + i, v128.load(from + i, 32), 32);
    v128.store(to + i, v128.load(from + i, 48), 48);
    i += 64;
  } while (i < length);
}

/** Like `copyBytes`; returns false when a byte above 127 was perhaps among them. */
export function copyAscii(to: usize, from: usize, length: u32): bool {
  let seen = i64x2.splat(0);
  let i: u32 = 0;
  do {
    const a = v128.load(from + i);
    const b = v128.load(from + i, 16);
    const c = v128.load(from + i, 32);
    const d = v128.load(from + i, 48);
    v128.store(to + i, a);
    v128.store(to + i, b, 16);
    v128.store(to + i, c, 32);
    v128.store(to + i, d, 48);
    seen = v128.or(seen, v128.or(v128.or(a, b), v128.or(c, d)));
    i += 64;
  } while (i < length);
  return i8x16.bitmask(seen) == 0;
}
