/**
 * Reads Protocol Buffers' wire format field by field, as its documentation has it (protobuf.dev, "Encoding"). Lengths and
 * numbers may be padded varints. Knows no message types: decoders of spans and of collectors' answers use it.
 */

/** The bytes are not a protobuf message, or a field has another wire type than its number says. */
export class MalformedProtobuf extends Error {
  override readonly name = 'MalformedProtobuf';
}

const Wire = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;
/** A 64-bit number takes 10 groups of 7 bits at most. */
const LONGEST_VARINT = 10;

export class ProtobufReader {
  readonly #bytes: Buffer;
  readonly #end: number;
  #at: number;
  #wire = 0;

  /** Reads the bytes from `at` up to `end`; copies nothing. */
  constructor(bytes: Buffer, at = 0, end = bytes.length) {
    this.#bytes = bytes;
    this.#at = at;
    this.#end = end;
  }

  /** Goes to the next field: its number, or 0 at the end. Its value must be read or skipped before the next call. */
  next(): number {
    if (this.#at === this.#end) return 0;
    const tag = this.#varint();
    this.#wire = tag & 7;
    const field = Math.floor(tag / 8);
    if (field === 0) throw this.#malformed('a field has the number 0');
    return field;
  }

  /** An unsigned number; those above 2^53 lose their lowest digits. */
  number(): number {
    this.#expect(Wire.varint);
    return this.#varint();
  }

  bool(): boolean {
    return this.number() !== 0;
  }

  int64(): bigint {
    this.#expect(Wire.varint);
    const start = this.#at;
    const small = this.#varint();
    if (small <= Number.MAX_SAFE_INTEGER) return BigInt(small);
    let value = 0n;
    for (let at = this.#at - 1; at >= start; at--) value = (value << 7n) | BigInt(this.#bytes[at]! & 127);
    return BigInt.asIntN(64, value);
  }

  fixed64(): bigint {
    return this.#bytes.readBigUInt64LE(this.#skipTo(Wire.fixed64, 8));
  }

  double(): number {
    return this.#bytes.readDoubleLE(this.#skipTo(Wire.fixed64, 8));
  }

  fixed32(): number {
    return this.#bytes.readUInt32LE(this.#skipTo(Wire.fixed32, 4));
  }

  /** A text; bytes that are not UTF-8 become U+FFFD. */
  text(): string {
    return this.#bytes.toString('utf8', this.#content(), this.#at);
  }

  /** Bytes as lower-case hexadecimal digits. */
  hex(): string {
    return this.#bytes.toString('hex', this.#content(), this.#at);
  }

  /** A copy of the bytes. */
  bytes(): Buffer {
    return Buffer.from(this.#bytes.subarray(this.#content(), this.#at));
  }

  /** A reader of the message inside this field. */
  message(): ProtobufReader {
    return new ProtobufReader(this.#bytes, this.#content(), this.#at);
  }

  skip(): void {
    if (this.#wire === Wire.varint) this.#varint();
    else if (this.#wire === Wire.bytes) this.#content();
    else if (this.#wire === Wire.fixed64) this.#skipTo(Wire.fixed64, 8);
    else if (this.#wire === Wire.fixed32) this.#skipTo(Wire.fixed32, 4);
    else throw this.#malformed(`wire type ${this.#wire} does not exist`);
  }

  /** Goes behind a length-delimited value; returns where it starts. */
  #content(): number {
    this.#expect(Wire.bytes);
    const length = this.#varint();
    return this.#skipTo(Wire.bytes, length);
  }

  #skipTo(wire: number, length: number): number {
    this.#expect(wire);
    const start = this.#at;
    if (length > this.#end - start) throw this.#malformed(`${length} bytes expected`);
    this.#at = start + length;
    return start;
  }

  #varint(): number {
    let value = 0;
    let unit = 1;
    for (let groups = 0; groups < LONGEST_VARINT && this.#at < this.#end; groups++) {
      const byte = this.#bytes[this.#at++]!;
      value += (byte & 127) * unit;
      if (byte < 128) return value;
      unit *= 128;
    }
    throw this.#malformed('a number does not end');
  }

  #expect(wire: number): void {
    if (this.#wire !== wire) throw this.#malformed(`wire type ${wire} expected, ${this.#wire} found`);
  }

  #malformed(what: string): MalformedProtobuf {
    return new MalformedProtobuf(`malformed protobuf: ${what} at byte ${this.#at} of ${this.#end}`);
  }
}
