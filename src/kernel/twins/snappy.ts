/**
 * Twin of `Kernel.snappy`: what its output means (google/snappy, format_description.txt). A compressor is free in what
 * it emits, so the twin decodes. Throws on anything that is not a whole, valid block, and on what no compressor we
 * know emits and a decoder may refuse: copies of more than 64 KiB distance.
 */
export function snappyDecode(block: Uint8Array): Buffer {
  let at = 0;
  const next = (): number => {
    const byte = block[at++];
    if (byte === undefined) throw new Error('snappy: the block ends too early');
    return byte;
  };
  const littleEndian = (bytes: number): number => {
    let value = 0;
    for (let i = 0; i < bytes; i++) value += next() * 256 ** i;
    return value;
  };

  let size = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = next();
    size += (byte & 127) * 2 ** shift;
    if (byte < 128) break;
  }
  const out = Buffer.alloc(size);
  let end = 0;
  const put = (byte: number) => {
    if (end === size) throw new Error('snappy: more bytes than announced');
    out[end++] = byte;
  };
  while (at < block.length) {
    const tag = next();
    const upper = tag >> 2;
    if ((tag & 3) === 0) {
      const length = upper < 60 ? upper + 1 : littleEndian(upper - 59) + 1;
      for (let i = 0; i < length; i++) put(next());
      continue;
    }
    if ((tag & 3) === 3) throw new Error('snappy: copy with an offset of four bytes');
    const length = (tag & 3) === 1 ? (upper & 7) + 4 : upper + 1;
    const offset = (tag & 3) === 1 ? (tag >> 5) * 256 + next() : littleEndian(2);
    if (offset === 0 || offset > end) throw new Error(`snappy: offset ${offset} at ${end}`);
    for (let i = 0; i < length; i++) put(out[end - offset]!);
  }
  if (end !== size) throw new Error(`snappy: ${end} bytes instead of ${size}`);
  return out;
}
