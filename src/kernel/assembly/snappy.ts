/** placeholder, tuned later */
const BITS: u32 = 14;
function hash(v: u32): u32 {
  return (v * 0x1e35a7bd) >> (32 - BITS);
}

function putLiteral(to: usize, from: usize, length: u32): usize {
  const n = length - 1;
  if (n < 60) {
    store<u8>(to, <u8>(n << 2));
    to++;
  } else if (n < 256) {
    store<u8>(to, 60 << 2);
    store<u8>(to, <u8>n, 1);
    to += 2;
  } else if (n < 65536) {
    store<u8>(to, 61 << 2);
    store<u16>(to, <u16>n, 1);
    to += 3;
  } else {
    store<u8>(to, 63 << 2);
    store<u32>(to, n, 1);
    to += 5;
  }
  memory.copy(to, from, length);
  return to + length;
}

function putCopy(to: usize, offset: u32, length: u32): usize {
  while (length >= 68) {
    store<u32>(to, (63 << 2) | 2 | (offset << 8));
    to += 3;
    length -= 64;
  }
  if (length > 64) {
    store<u32>(to, (59 << 2) | 2 | (offset << 8));
    to += 3;
    length -= 60;
  }
  if (length >= 12 || offset >= 2048) {
    store<u32>(to, ((length - 1) << 2) | 2 | (offset << 8));
    return to + 3;
  }
  store<u16>(to, <u16>(1 | ((length - 4) << 2) | ((offset >> 8) << 5) | ((offset & 255) << 8)));
  return to + 2;
}

export function snappy(from: usize, length: u32, to: usize, table: usize): usize {
  let n = length;
  while (n >= 128) {
    store<u8>(to++, <u8>(n | 128));
    n >>= 7;
  }
  store<u8>(to++, <u8>n);
  memory.fill(table, 0, 2 << BITS);
  const end = from + length;
  let emit = from;
  if (length >= 16) {
    const limit = end - 15;
    let at = from + 1;
    while (true) {
      let skip: u32 = 32;
      let next = at;
      let candidate: usize = 0;
      let offset: u32 = 0;
      while (true) {
        at = next;
        next = at + (skip >> 5);
        skip++;
        if (next > limit) break;
        const v = load<u32>(at);
        const h = table + (hash(v) << 1);
        const position = <u32>(at - from);
        offset = (position - load<u16>(h)) & 0xffff;
        store<u16>(h, <u16>position);
        if (load<u32>(at - offset) == v && offset - 1 < position) {
          candidate = at - offset;
          break;
        }
      }
      if (next > limit) break;
      if (at > emit) to = putLiteral(to, emit, <u32>(at - emit));
      let stop = at + 4;
      candidate += 4;
      while (stop < end) {
        const m = i8x16.bitmask(i8x16.ne(v128.load(stop), v128.load(candidate))) | 0x10000;
        const same = ctz(m);
        stop += same;
        candidate += same;
        if (same != 16) break;
      }
      if (stop > end) stop = end;
      to = putCopy(to, offset, <u32>(stop - at));
      emit = stop;
      at = stop;
      if (at >= limit) break;
      store<u16>(table + (hash(load<u32>(at - 1)) << 1), <u16>(at - 1 - from));
    }
  }
  if (emit < end) to = putLiteral(to, emit, <u32>(end - emit));
  return to;
}
