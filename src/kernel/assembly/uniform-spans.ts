import { Checksum, Sum } from './checksum';
import { bigEndian, draw, numberOf } from './trace-ids';
import { putUid } from './uid';
import { openVarint4, varint4 } from './varint';

/**
 * OTLP spans of logs that differ in nothing but their number, size and position, and in the context they came with where they
 * joined that trace, as nearly all do: what spans.ts does for any template, without going through patches.
 * Called through `Kernel.encodeSpans`.
 */

/** Offsets of `ContextRow`. */
const CONTEXT_SHIFT: u32 = 5;
const CONTEXT_SPAN_ID: usize = 16;

/** Bytes of the tables of a stretch of 8 bytes, and of one of 4. */
const WIDE: usize = 8192;
const NARROW: usize = 4096;

/** Bits of a position that are both in the lower half of its varint and in its last 4 digits; those above seldom change. */
const LOW_BITS: u32 = 14;

/** A template, where it has what differs, and whose spans it is for; written by span-encoder.ts. */
@unmanaged
class UniformRun {
  bytes: usize;
  length: u32;
  /** The row's number, 8 bytes, in the trace id or as the root's span id. */
  number: u32;
  /** The size, a varint of 4 bytes, and the first 4 bytes of the position's. */
  size: u32;
  position: u32;
  /** The position's 12 digits; 0: it has none. */
  uid: u32;
  /** Where records joined a trace: its id, 16 bytes, and the id of the parent, 8 bytes. */
  trace: u32;
  parent: u32;
  /** Addresses of the columns; that of contexts is 0 where records joined no trace. */
  starts: usize;
  lengths: usize;
  contexts: usize;
  /** As in join-lines.ts. */
  rows: usize;
  first: u32;
  count: u32;
  /** Where the record starts whose position is `from`. */
  base: u32;

  /**
   * What `encodeUniformSpans` does. `isPlain`: there is no threshold, and no digits of the position; told apart where the code
   * is compiled, because where every log has a span these lines alone would take a tenth longer.
   */
  @inline
  encode(isPlain: bool, from: f64, seed: u64, threshold: u64, to: usize, checksum: Checksum): u32 {
    const position = <u64>from - this.base;
    const starts = this.starts;
    const lengths = this.lengths;
    const contexts = this.contexts;
    const rows = this.rows;
    const first = this.first;
    const count = this.count;
    const length = this.length;
    const bytes = this.bytes;
    const numberAt = this.number;
    const sizeAt = this.size;
    const positionAt = this.position;
    const uidAt = this.uid;
    const traceAt = this.trace;
    const parentAt = this.parent;
    const hasUid = !isPlain && uidAt != 0;
    const passing = checksum.tables;
    const ofTrace = passing + NARROW;
    const ofNumber = contexts == 0 ? ofTrace : ofTrace + 2 * WIDE;
    const ofParent = ofNumber + WIDE;
    const ofUid = contexts == 0 ? ofParent : ofParent + WIDE;
    const ofSize = hasUid ? ofUid + WIDE : ofUid;
    const ofPosition = ofSize + NARROW;
    const ofUidEnd = ofPosition + NARROW;
    const constant = checksum.constant;
    const begin = v128.load(bytes);
    const middle = v128.load(bytes, 16);
    const end = v128.load(bytes, 32);
    let register = checksum.register;
    /** What seldom differs from one record to the next, and what it adds: the upper halves of sizes and positions. */
    let sizeAbove: u32 = 0;
    let offsetAbove: u64 = 0;
    // Sizes have continuation bits, so their upper half is never 0: the first record's are looked up.
    let added: u32 = 0;
    for (let i: u32 = 0; i < count; i++) {
      const row = rows == 0 ? first + i : load<u32>(rows + (i << 2));
      v128.store(to, begin);
      v128.store(to, middle, 16);
      v128.store(to, end, 32);
      for (let at: u32 = 48; at < length; at += 16) v128.store(to + at, v128.load(bytes + at));
      const drawn = isPlain ? draw(seed, row) : numberOf(seed, threshold, row);
      const number = i64x2.extract_lane(bigEndian(drawn), 0);
      store<u64>(to + numberAt, number);
      const size = varint4(load<u32>(lengths + (row << 2)));
      store<u32>(to + sizeAt, size);
      const offset = position + load<u32>(starts + (row << 2));
      const place = openVarint4(<u32>offset);
      store<u32>(to + positionAt, place);
      if (hasUid) putUid(to + uidAt, offset);
      if (size >> 16 != sizeAbove || offset >> LOW_BITS != offsetAbove) {
        sizeAbove = size >> 16;
        offsetAbove = offset >> LOW_BITS;
        added = constant ^ Sum.upperOf4(ofSize, size) ^ Sum.upperOf4(ofPosition, place);
        if (hasUid) added ^= Sum.of8(ofUid, load<u64>(to + uidAt));
      }
      let sum =
        added ^ Sum.lowerOf4(ofSize, size) ^ Sum.lowerOf4(ofPosition, place) ^ Sum.of8(ofNumber, number);
      if (hasUid) sum ^= Sum.of4(ofUidEnd, load<u32>(to + uidAt, 8));
      if (contexts != 0) {
        const context = contexts + (row << CONTEXT_SHIFT);
        const parent = load<u64>(context, CONTEXT_SPAN_ID);
        v128.store(to + traceAt, v128.load(context));
        store<u64>(to + parentAt, parent);
        sum ^= Sum.of8(ofTrace, load<u64>(context)) ^ Sum.of8(ofTrace + WIDE, load<u64>(context, 8));
        sum ^= Sum.of8(ofParent, parent);
      }
      register = sum ^ Sum.of4(passing, register);
      to += length;
    }
    return register;
  }
}

/**
 * Writes the spans of the run's records, for which there must be room; returns the register of the checksum behind them.
 * The stretches of the checksum are, of 8 bytes: the trace's two where records joined one, the number, the parent then, and
 * the first 8 digits of the position; of 4 bytes: the size, the position and its last 4 digits.
 */
export function encodeUniformSpans(
  run: UniformRun,
  from: f64,
  seed: u64,
  threshold: u64,
  to: usize,
  checksum: Checksum,
): u32 {
  return threshold == 0 && run.uid == 0
    ? run.encode(true, from, seed, 0, to, checksum)
    : run.encode(false, from, seed, threshold, to, checksum);
}
