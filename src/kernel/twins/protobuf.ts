/** Protocol Buffers' wire format, as its documentation has it (protobuf.dev, "Encoding"). Used by the twins. */

export function varint(value: bigint): Buffer {
  const groups = [Number(value & 127n)];
  for (let rest = value >> 7n; rest > 0n; rest >>= 7n) {
    groups[groups.length - 1]! |= 128;
    groups.push(Number(rest & 127n));
  }
  return Buffer.from(groups);
}

/** A length-delimited field: bytes, text, or a message. */
export function bytesField(number: number, ...contents: Uint8Array[]): Buffer {
  const content = Buffer.concat(contents);
  return Buffer.concat([varint(BigInt(number * 8 + 2)), varint(BigInt(content.length)), content]);
}

/** A varint field; nothing when it has the default value. */
export function varintField(number: number, value: bigint): Buffer {
  return value === 0n ? Buffer.alloc(0) : Buffer.concat([varint(BigInt(number * 8)), varint(value)]);
}

/** A fixed64 field; nothing when it has the default value. */
export function fixed64Field(number: number, value: bigint): Buffer {
  if (value === 0n) return Buffer.alloc(0);
  const content = Buffer.alloc(8);
  content.writeBigUInt64LE(value);
  return Buffer.concat([varint(BigInt(number * 8 + 1)), content]);
}
