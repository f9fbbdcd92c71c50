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
      const bytes = load<u64>(at + load<u32>(stretch));
      sum ^=
        load<u32>(table + ((<u32>bytes & 0xff) << 2)) ^
        load<u32>(table + (<u32>(bytes >> 6) & 0x3fc), 1024) ^
        (load<u32>(table + (<u32>(bytes >> 14) & 0x3fc), 2048) ^
          load<u32>(table + (<u32>(bytes >> 22) & 0x3fc), 3072)) ^
        (load<u32>(table + (<u32>(bytes >> 30) & 0x3fc), 4096) ^
          load<u32>(table + (<u32>(bytes >> 38) & 0x3fc), 5120)) ^
        (load<u32>(table + (<u32>(bytes >> 46) & 0x3fc), 6144) ^
          load<u32>(table + (<u32>(bytes >> 54) & 0x3fc), 7168));
      table += 8192;
    }
    const end = this.stretchesEnd;
    for (; stretch < end; stretch += 4) {
      const bytes = load<u32>(at + load<u32>(stretch));
      sum ^=
        load<u32>(table + ((bytes & 0xff) << 2)) ^
        load<u32>(table + ((bytes >> 6) & 0x3fc), 1024) ^
        (load<u32>(table + ((bytes >> 14) & 0x3fc), 2048) ^ load<u32>(table + ((bytes >> 22) & 0x3fc), 3072));
      table += 4096;
    }
    // Last, because the next record waits for it.
    table = this.tables;
    const passed =
      load<u32>(table + ((register & 0xff) << 2)) ^
      load<u32>(table + ((register >> 6) & 0x3fc), 1024) ^
      (load<u32>(table + ((register >> 14) & 0x3fc), 2048) ^
        load<u32>(table + ((register >> 22) & 0x3fc), 3072));
    return sum ^ passed;
  }
}
