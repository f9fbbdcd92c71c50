/** What bytes of a record add to its checksum; tables of 1 KiB, one for each byte. */
export class Sum {
  /** The lower two of 4 bytes. @param table address of the tables of all four. */
  @inline
  static lowerOf4(table: usize, bytes: u32): u32 {
    return load<u32>(table + ((bytes & 0xff) << 2)) ^ load<u32>(table + ((bytes >> 6) & 0x3fc), 1024);
  }

  /** The upper two of them. */
  @inline
  static upperOf4(table: usize, bytes: u32): u32 {
    return (
      load<u32>(table + ((bytes >> 14) & 0x3fc), 2048) ^ load<u32>(table + ((bytes >> 22) & 0x3fc), 3072)
    );
  }

  @inline
  static of4(table: usize, bytes: u32): u32 {
    return Sum.lowerOf4(table, bytes) ^ Sum.upperOf4(table, bytes);
  }

  /** @param table address of the tables of 8 bytes. */
  @inline
  static of8(table: usize, bytes: u64): u32 {
    return Sum.of4(table, <u32>bytes) ^ Sum.of4(table + 4096, <u32>(bytes >> 32));
  }
}

/**
 * CRC-32 of records that differ from one another in a few bytes, without looking at the others. A CRC is linear: that of
 * a record is that of the template, and for each byte that differs what this byte adds, which a table says. Laid out
 * and explained by src/kernel/record-checksum.ts.
 */
@unmanaged
export class Checksum {
  /** Of the template's bytes. */
  constant: u32;
  /** Of all records before. */
  register: u32;
  /** Tables of 1 KiB: four that take a register past one record, then one for each byte of each stretch. */
  tables: usize;
  /** Where the stretches of bytes that differ are: offsets, u32, of those of 8 bytes, and from `narrow` on of those of 4. */
  stretches: usize;
  narrow: usize;
  stretchesEnd: usize;

  /** The register behind the record whose encoded form begins at `at`. */
  add(register: u32, at: usize): u32 {
    let table = this.tables + 4096;
    let sum = this.constant;
    let stretch = this.stretches;
    const narrow = this.narrow;
    for (; stretch < narrow; stretch += 4) {
      sum ^= Sum.of8(table, load<u64>(at + load<u32>(stretch)));
      table += 8192;
    }
    const end = this.stretchesEnd;
    for (; stretch < end; stretch += 4) {
      sum ^= Sum.of4(table, load<u32>(at + load<u32>(stretch)));
      table += 4096;
    }
    // Last, because the next record waits for it.
    return sum ^ Sum.of4(this.tables, register);
  }
}
