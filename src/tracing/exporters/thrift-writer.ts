/**
 * Writes Apache Thrift's binary protocol (thrift.apache.org, "thrift-binary-protocol"): big-endian numbers; a field is its
 * type, its id and its value; a structure ends with a zero. Knows no structures.
 */
const ThriftType = { bool: 2, double: 4, i32: 8, i64: 10, string: 11, struct: 12, list: 15 } as const;

const FIRST_BYTES = 64 * 1024;

export class ThriftWriter {
  #bytes = Buffer.allocUnsafe(FIRST_BYTES);
  #length = 0;

  /** What has been written. */
  finish(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  bool(id: number, value: boolean): void {
    this.#field(ThriftType.bool, id);
    this.#byte(value ? 1 : 0);
  }

  i32(id: number, value: number): void {
    this.#field(ThriftType.i32, id);
    this.#i32(value);
  }

  /** A signed number, or an unsigned one of 64 bits, whose bits are kept. */
  i64(id: number, value: bigint): void {
    this.#field(ThriftType.i64, id);
    const at = this.#grow(8);
    this.#bytes.writeBigUInt64BE(BigInt.asUintN(64, value), at);
  }

  double(id: number, value: number): void {
    this.#field(ThriftType.double, id);
    const at = this.#grow(8);
    this.#bytes.writeDoubleBE(value, at);
  }

  text(id: number, value: string): void {
    this.binary(id, Buffer.from(value));
  }

  binary(id: number, value: Uint8Array): void {
    this.#field(ThriftType.string, id);
    this.#i32(value.length);
    const at = this.#grow(value.length);
    this.#bytes.set(value, at);
  }

  struct(id: number): void {
    this.#field(ThriftType.struct, id);
  }

  /** Starts a list of structures; each must be ended. */
  structs(id: number, count: number): void {
    this.#field(ThriftType.list, id);
    this.#byte(ThriftType.struct);
    this.#i32(count);
  }

  endStruct(): void {
    this.#byte(0);
  }

  /** Appends fields and structures that another writer has written. */
  append(other: ThriftWriter): void {
    const bytes = other.finish();
    const at = this.#grow(bytes.length);
    this.#bytes.set(bytes, at);
  }

  #field(type: number, id: number): void {
    const at = this.#grow(3);
    this.#bytes[at] = type;
    this.#bytes.writeInt16BE(id, at + 1);
  }

  #byte(value: number): void {
    const at = this.#grow(1);
    this.#bytes[at] = value;
  }

  #i32(value: number): void {
    const at = this.#grow(4);
    this.#bytes.writeInt32BE(value, at);
  }

  /** Makes room for so many bytes, perhaps in a new buffer; returns where they go. */
  #grow(count: number): number {
    const at = this.#length;
    this.#length += count;
    if (this.#length > this.#bytes.length) {
      const larger = Buffer.allocUnsafe(Math.max(this.#length, this.#bytes.length * 2));
      this.#bytes.copy(larger, 0, 0, at);
      this.#bytes = larger;
    }
    return at;
  }
}
