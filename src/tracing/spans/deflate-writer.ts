/**
 * Writes the few forms of DEFLATE (RFC 1951) that templates are made of: stored blocks, and blocks of fixed Huffman codes.
 * Used by deflated-template.ts, once a template; never per log.
 */

/** How far back a copy reaches, and how long it is at least and at most. */
export const MAX_DISTANCE = 32_768;
const MAX_COPY = 258;
export const MIN_COPY = 3;
/** Symbols behind the literals (RFC 1951, 3.2.5): the end of the block, then lengths. */
const END_OF_BLOCK = 256;
const FIRST_LENGTH = 257;
const LONGEST = 285;
/** Block types (3.2.3), behind a bit that says whether the block is the last. */
const STORED = 0b00;
const FIXED = 0b01;

export class DeflateWriter {
  readonly #bytes: number[] = [];
  /** Bits not yet in a byte, the first one lowest. */
  #bits = 0;
  #count = 0;

  /** Whole bytes so far. */
  get length(): number {
    return this.#bytes.length;
  }

  finish(): Buffer {
    if (this.#count > 0) throw new RangeError('ends within a byte');
    return Buffer.from(this.#bytes);
  }

  /** The start of a stored block, up to the byte boundary. */
  openStored(): void {
    this.#put(STORED << 1, 3);
    if (this.#count > 0) this.#put(0, 8 - this.#count);
  }

  /** The rest of a stored block; returns the offset of its content. At most 65,535 bytes. */
  stored(content: Buffer): number {
    for (const word of [content.length, ~content.length & 0xffff]) this.#bytes.push(word & 255, word >> 8);
    const at = this.#bytes.length;
    this.#bytes.push(...content);
    return at;
  }

  openFixed(): void {
    this.#put(FIXED << 1, 3);
  }

  closeFixed(): void {
    this.#symbol(END_OF_BLOCK);
  }

  literals(bytes: Buffer): void {
    for (const byte of bytes) this.#symbol(byte);
  }

  /** @param length at least `MIN_COPY`. */
  copy(length: number, distance: number): void {
    for (let left = length; left > 0; ) {
      // No rest that is too short.
      const isLong = left > MAX_COPY;
      const part = isLong ? Math.min(MAX_COPY, left - MIN_COPY) : left;
      this.#length(part);
      this.#distance(distance);
      left -= part;
    }
  }

  /** 3.2.5: four codes for each number of extra bits, but eight without any, and one of its own for the longest. */
  #length(length: number): void {
    if (length === MAX_COPY) {
      this.#symbol(LONGEST);
      return;
    }
    const { code, extra, rest } = logarithmic(length - MIN_COPY, 4);
    this.#symbol(FIRST_LENGTH + code);
    this.#put(rest, extra);
  }

  /** 3.2.5 likewise, two codes for each number of extra bits; all codes have five bits (3.2.6). */
  #distance(distance: number): void {
    const { code, extra, rest } = logarithmic(distance - 1, 2);
    this.#put(reversed(code, 5), 5);
    this.#put(rest, extra);
  }

  /** 3.2.6, the fixed codes of literals, the end of a block, and lengths. */
  #symbol(symbol: number): void {
    if (symbol < 144) this.#put(reversed(0x30 + symbol, 8), 8);
    else if (symbol < 256) this.#put(reversed(0x190 + symbol - 144, 9), 9);
    else if (symbol < 280) this.#put(reversed(symbol - 256, 7), 7);
    else this.#put(reversed(0xc0 + symbol - 280, 8), 8);
  }

  #put(value: number, bits: number): void {
    this.#bits |= value << this.#count;
    this.#count += bits;
    for (; this.#count >= 8; this.#count -= 8, this.#bits >>>= 8) this.#bytes.push(this.#bits & 255);
  }
}

/** A number as a code and extra bits: `each` codes (a power of two) to every number of extra bits, twice as many to none. */
function logarithmic(value: number, each: number): { code: number; extra: number; rest: number } {
  if (value < 2 * each) return { code: value, extra: 0, rest: 0 };
  const extra = Math.floor(Math.log2(value / each));
  return { code: each * extra + (value >> extra), extra, rest: value & ((1 << extra) - 1) };
}

/** Huffman codes begin with their highest bit, unlike everything else (3.1.1). */
function reversed(code: number, bits: number): number {
  let result = 0;
  for (let i = 0; i < bits; i++) result |= ((code >> i) & 1) << (bits - 1 - i);
  return result;
}
