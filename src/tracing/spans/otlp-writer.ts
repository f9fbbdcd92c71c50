/**
 * Writes OTLP messages (opentelemetry-proto: trace/v1, common/v1, resource/v1) field by field in Protocol Buffers' wire
 * format. Used to build templates and envelopes, which are cached: never called per log. Numbers that are patched into
 * a template later are written with a fixed width as padded varints, which every decoder takes.
 */
import { varintLength } from '../../kernel/varint.ts';

/** Field numbers of the messages written here. */
export const Field = {
  span: {
    traceId: 1,
    spanId: 2,
    traceState: 3,
    parentSpanId: 4,
    name: 5,
    kind: 6,
    start: 7,
    end: 8,
    attributes: 9,
    droppedAttributesCount: 10,
    events: 11,
    links: 13,
    droppedLinksCount: 14,
    status: 15,
    flags: 16,
  },
  event: { time: 1, name: 2, attributes: 3 },
  link: { traceId: 1, spanId: 2 },
  status: { message: 2, code: 3 },
  resource: { attributes: 1 },
  scope: { name: 1, version: 2, attributes: 3 },
  scopeSpans: { spans: 2 },
} as const;

export const SpanKind = { internal: 1, server: 2, client: 3 } as const;
export const StatusCode = { error: 2 } as const;

/** What an attribute may hold; a bigint or a whole number is written as an integer, any other number as a double. */
export type Value = string | boolean | number | bigint;

const Wire = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;
const KEY = 1;
const VALUE = 2;
const AnyValue = { text: 1, bool: 2, int: 3, double: 4 } as const;

export class OtlpWriter {
  #bytes = Buffer.allocUnsafe(1024);
  #at = 0;

  /** How many bytes there are: the offset of what is written next. */
  get at(): number {
    return this.#at;
  }

  /** A copy of what was written. */
  finish(): Buffer {
    return Buffer.from(this.#bytes.subarray(0, this.#at));
  }

  number(field: number, value: number | bigint): void {
    this.#tag(field, Wire.varint);
    this.#varint(value);
  }

  /** A number written in `width` bytes, to be patched; returns its offset. */
  paddedNumber(field: number, value: number, width: number): number {
    this.#tag(field, Wire.varint);
    return this.#padded(value, width);
  }

  /** 8 bytes to be patched; returns their offset. */
  fixed64(field: number): number {
    this.#tag(field, Wire.fixed64);
    return this.#zeros(8);
  }

  fixed32(field: number, value: number): void {
    this.#tag(field, Wire.fixed32);
    this.#room(4);
    this.#at = this.#bytes.writeUInt32LE(value, this.#at);
  }

  bytes(field: number, value: Buffer): void {
    this.#tag(field, Wire.bytes);
    this.#varint(value.length);
    this.raw(value);
  }

  /** `length` zero bytes to be patched; returns their offset. */
  bytesOf(field: number, length: number): number {
    this.#tag(field, Wire.bytes);
    this.#varint(length);
    return this.#zeros(length);
  }

  /** What is not well-formed Unicode is mended first, as protobuf's strings must be UTF-8. */
  text(field: number, value: string): void {
    this.bytes(field, Buffer.from(value.toWellFormed()));
  }

  /** Fields that are encoded already. */
  raw(fields: Buffer): void {
    this.#room(fields.length);
    this.#at += fields.copy(this.#bytes, this.#at);
  }

  /** A message inside this field, its length padded to `width` bytes; returns the offset of that length. */
  message(field: number, width: number, write: () => void): number {
    this.#tag(field, Wire.bytes);
    const lengthAt = this.#padded(0, width);
    const start = this.#at;
    write();
    const length = this.#at - start;
    if (length >= 2 ** (7 * width)) {
      throw new RangeError(`a message of ${length} bytes has no length of ${width} bytes`);
    }
    putPadded(this.#bytes, lengthAt, length, width);
    return lengthAt;
  }

  /** A `KeyValue` in the repeated field `field`. */
  attribute(field: number, key: string, value: Value): void {
    const inner = new OtlpWriter();
    if (typeof value === 'string') inner.text(AnyValue.text, value);
    else if (typeof value === 'boolean') inner.number(AnyValue.bool, value ? 1 : 0);
    else if (typeof value === 'bigint' || Number.isSafeInteger(value)) inner.number(AnyValue.int, value);
    else inner.#double(AnyValue.double, value);
    this.#keyValue(field, key, inner.at);
    this.raw(inner.finish());
  }

  /** An attribute whose integer of `width` bytes is patched; returns the integer's offset. */
  paddedAttribute(field: number, key: string, value: number, width: number): number {
    this.#keyValue(field, key, 1 + width);
    return this.paddedNumber(AnyValue.int, value, width);
  }

  /** The same with the key behind the value, so that what is patched is close to what was patched before. */
  paddedAttributeValueFirst(field: number, key: string, value: number, width: number): number {
    const name = Buffer.from(key.toWellFormed());
    const size = 1 + width;
    this.#tag(field, Wire.bytes);
    this.#varint(1 + varintLength(size) + size + 1 + varintLength(name.length) + name.length);
    this.#tag(VALUE, Wire.bytes);
    this.#varint(size);
    const at = this.paddedNumber(AnyValue.int, value, width);
    this.bytes(KEY, name);
    return at;
  }

  /** A text attribute with `length` bytes to be patched behind `start`; returns their offset. */
  openText(field: number, key: string, start: string, length: number): number {
    const bytes = Buffer.from(start);
    const size = bytes.length + length;
    this.#keyValue(field, key, 1 + varintLength(size) + size);
    this.#tag(AnyValue.text, Wire.bytes);
    this.#varint(size);
    this.raw(bytes);
    return this.#zeros(length);
  }

  /** A `KeyValue` up to the content of its value, which has `size` bytes. */
  #keyValue(field: number, key: string, size: number): void {
    const name = Buffer.from(key.toWellFormed());
    this.#tag(field, Wire.bytes);
    this.#varint(1 + varintLength(name.length) + name.length + 1 + varintLength(size) + size);
    this.bytes(KEY, name);
    this.#tag(VALUE, Wire.bytes);
    this.#varint(size);
  }

  #double(field: number, value: number): void {
    const at = this.fixed64(field);
    this.#bytes.writeDoubleLE(value, at);
  }

  #tag(field: number, wire: number): void {
    this.#varint(field * 8 + wire);
  }

  #varint(value: number | bigint): void {
    this.#room(10);
    if (typeof value === 'bigint' || value < 0) {
      // Negative integers are written as their two's complement of 64 bits.
      let rest = BigInt.asUintN(64, BigInt(value));
      for (; rest >= 128n; rest >>= 7n) this.#bytes[this.#at++] = Number(rest & 127n) | 128;
      this.#bytes[this.#at++] = Number(rest);
      return;
    }
    let rest = value;
    for (; rest >= 128; rest = Math.floor(rest / 128)) this.#bytes[this.#at++] = (rest % 128) | 128;
    this.#bytes[this.#at++] = rest;
  }

  #padded(value: number, width: number): number {
    this.#room(width);
    const at = this.#at;
    putPadded(this.#bytes, at, value, width);
    this.#at += width;
    return at;
  }

  #zeros(length: number): number {
    this.#room(length);
    const at = this.#at;
    this.#at += length;
    this.#bytes.fill(0, at, this.#at);
    return at;
  }

  #room(length: number): void {
    if (this.#at + length <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.#at + length, this.#bytes.length * 2));
    this.#bytes.copy(larger, 0, 0, this.#at);
    this.#bytes = larger;
  }
}

/** Writes a whole number below 2^(7·width) as a varint of exactly `width` bytes. */
export function putPadded(bytes: Buffer, at: number, value: number, width: number): void {
  // In halves that are small integers: dividing doubles takes longer than all the rest.
  const high = Math.floor(value / 2 ** 28);
  const low = value - high * 2 ** 28;
  for (let i = 0; i < width; i++) {
    const group = i < 4 ? low >>> (7 * i) : high >>> (7 * i - 28);
    bytes[at + i] = (group & 127) | (i < width - 1 ? 128 : 0);
  }
}

/**
 * Writes milliseconds since 1970 as nanoseconds (fixed64) into two words, the lower one first, to the microsecond: a double
 * holds no more of today's time. Of two times the later one is never written as the earlier.
 */
export function putNanos(words: Uint32Array, at: number, ms: number): void {
  const micros = Math.max(0, Math.round(ms * 1000));
  const high = Math.floor(micros / 2 ** 32);
  const low = (micros - high * 2 ** 32) * 1000;
  const carried = Math.floor(low / 2 ** 32);
  words[at] = low - carried * 2 ** 32;
  words[at + 1] = high * 1000 + carried;
}
