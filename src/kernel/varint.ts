/** Protocol Buffers' varints on this side of the kernel: lengths of messages, once a message, never once a record. */

/** Bytes of the shortest varint of a whole number from 0 to 2^53. */
export function varintLength(value: number): number {
  let length = 1;
  for (let rest = value; rest >= 128; rest /= 128) length++;
  return length;
}

/** Writes a tag and a length; returns the offset behind them. */
export function putLength(bytes: Buffer, at: number, tag: number, value: number): number {
  let to = bytes.writeUInt8(tag, at);
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) to = bytes.writeUInt8((rest % 128) + 128, to);
  return bytes.writeUInt8(rest, to);
}
