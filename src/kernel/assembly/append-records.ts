/** Adds the records of one slot to another. Called through `Kernel.appendRecords`. */

/** Copies `bytes` bytes and the columns of `count` records; the addresses of starts, lengths and flags are those of the first row to read or write. */
export function appendRecords(
  to: usize,
  toStarts: usize,
  toLengths: usize,
  toFlags: usize,
  from: usize,
  fromStarts: usize,
  fromLengths: usize,
  fromFlags: usize,
  bytes: u32,
  count: u32,
): void {
  memory.copy(to, from, bytes);
  memory.copy(toLengths, fromLengths, count << 2);
  memory.copy(toFlags, fromFlags, count);
  const distance = to - from;
  const distances = i32x4.splat(<i32>distance);
  const whole = count & ~3;
  let row: u32 = 0;
  for (; row < whole; row += 4) {
    v128.store(toStarts + (row << 2), i32x4.add(v128.load(fromStarts + (row << 2)), distances));
  }
  for (; row < count; row++) {
    store<u32>(toStarts + (row << 2), load<u32>(fromStarts + (row << 2)) + <u32>distance);
  }
}
