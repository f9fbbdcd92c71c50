/**
 * What the kernel needs to compute the CRC-32 of many records that are copies of one template, from the bytes in which
 * they differ alone (assembly/checksum.ts). The CRC is linear: a record's register is that of the template, and for each
 * byte that differs a summand that depends on its value and on how far from the record's end it stands. Where a value
 * stands several times (an id that is the parent of others), its summands are one.
 */
import { multiply, ONE, passZeros } from './crc32.ts';

/** Some bytes that differ between records: read from the encoded record, standing anywhere in the record itself. */
export interface Stretch {
  /** Where the kernel finds them in what it has encoded. */
  readonly at: number;
  /** For each of the 4 or 8 bytes, every place where the record has it. */
  readonly bytes: readonly (readonly Place[])[];
}

export interface Place {
  /** How many bytes of the record are behind it. */
  readonly behind: number;
  /** What the template has there. */
  readonly placeholder: number;
}

export interface RecordChecksum {
  /** As `Checksum.tables` in assembly/checksum.ts. */
  readonly tables: Uint32Array;
  /** Offsets of the stretches of 8 bytes, and of those of 4. */
  readonly wide: readonly number[];
  readonly narrow: readonly number[];
}

const TABLE = 256;

/** Most of them that are kept: some 40 KiB each. Those of further templates are built again when they are needed. */
const MAX_KEPT = 128;

/** Keeps what was built last, for all templates whose records differ at the same distances from their end. */
export class RecordChecksums {
  readonly #kept = new Map<string, RecordChecksum>();

  /** @param key tells other lengths and stretches apart. */
  get(key: string, length: number, stretches: readonly Stretch[]): RecordChecksum {
    let checksum = this.#kept.get(key);
    if (checksum === undefined) {
      checksum = recordChecksum(length, stretches);
      if (this.#kept.size === MAX_KEPT) this.#kept.delete(this.#kept.keys().next().value!);
    } else this.#kept.delete(key);
    // Behind the others: it was used last.
    this.#kept.set(key, checksum);
    return checksum;
  }
}

/** @param length of a record in bytes. */
export function recordChecksum(length: number, stretches: readonly Stretch[]): RecordChecksum {
  const wide = stretches.filter(({ bytes }) => bytes.length === 8);
  const narrow = stretches.filter(({ bytes }) => bytes.length === 4);
  const bytes = [...wide, ...narrow].flatMap((stretch) => stretch.bytes);
  const tables = new Uint32Array((4 + bytes.length) * TABLE);
  const passRecord = passZeros(ONE, length);
  for (let i = 0; i < 4; i++) {
    fillTable(tables.subarray(i * TABLE), 0, (bit) => multiply(passRecord, (1 << (8 * i + bit)) >>> 0));
  }
  for (const [i, places] of bytes.entries()) {
    let start = 0;
    let sum = 0;
    for (const { behind, placeholder } of places) {
      // A byte is added to the register's low end, and passed itself.
      const passed = passZeros(ONE, behind + 1);
      start ^= multiply(passed, placeholder);
      sum ^= passed;
    }
    fillTable(tables.subarray((4 + i) * TABLE), start >>> 0, (bit) => multiply(sum >>> 0, 1 << bit));
  }
  return { tables, wide: wide.map(({ at }) => at), narrow: narrow.map(({ at }) => at) };
}

/** Fills a table of a byte's values from what each of its bits adds. */
function fillTable(table: Uint32Array, start: number, ofBit: (bit: number) => number): void {
  table[0] = start;
  for (let bit = 0; bit < 8; bit++) {
    const added = ofBit(bit);
    for (let value = 0; value < 1 << bit; value++) table[(1 << bit) + value] = table[value]! ^ added;
  }
}
