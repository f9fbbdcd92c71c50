import { copyBytes } from './copy';
import { hexOf8, putHex16 } from './hex';
import { contextTraceId, hasContext, isStamped, Stamp, stampedFrom, stampsAll } from './stamp';
import { bigEndian, numberOf } from './trace-ids';
import { putVarint, varintLength } from './varint';

/**
 * Entries of a Loki stream. Called through `Kernel.lokiStream`.
 * Field numbers: push.proto of grafana/loki, StreamAdapter.entries = 2; EntryAdapter.timestamp = 1
 * (google.protobuf.Timestamp: seconds = 1, nanos = 2), line = 2, structuredMetadata = 3.
 * Fields that hold their default value are left out, as proto3 does; the timestamp message never is.
 */

const SECOND: u64 = 1_000_000_000;
const TAG_ENTRY: u8 = 0x12;
const TAG_TIMESTAMP: u8 = 0x0a;
const TAG_SECONDS: u8 = 0x08;
const TAG_NANOS: u8 = 0x10;
const TAG_LINE: u8 = 0x12;

/** `structuredMetadata` (LabelPairAdapter: name = 1, value = 2) up to the digits of the id; the rest is overwritten. */
const TRACE_ID: v128 = i8x16(
  0x1a,
  44,
  0x0a,
  8,
  0x74,
  0x72,
  0x61,
  0x63,
  0x65,
  0x5f,
  0x69,
  0x64,
  0x12,
  32,
  0,
  0,
);
const TRACE_ID_HEAD: u32 = 14;
const TRACE_ID_DIGITS: u32 = 32;
const SPAN_ID: v128 = i8x16(0x1a, 27, 0x0a, 7, 0x73, 0x70, 0x61, 0x6e, 0x5f, 0x69, 0x64, 0x12, 16, 0, 0, 0);
const SPAN_ID_HEAD: u32 = 13;
const SPAN_ID_DIGITS: u32 = 16;

/** Bytes of a scalar field with a tag of one byte; 0 for the default value. */
function scalarSize(value: u32): u32 {
  return value == 0 ? 0 : 1 + varintLength(value);
}

/** Bytes of seconds (below 2^35: u64 nanoseconds reach to the year 2554) as a field. */
function secondsSize(seconds: u64): u32 {
  return seconds >> 32 != 0 ? 6 : scalarSize(<u32>seconds);
}

function putSeconds(to: usize, seconds: u64): usize {
  if (seconds == 0) return to;
  store<u8>(to, TAG_SECONDS);
  if (seconds >> 32 == 0) return putVarint(to + 1, <u32>seconds);
  // The low 28 bits fill four bytes with continuation bits; what is left is one byte.
  putVarint(to + 1, (<u32>seconds & 0x0fffffff) | 0x10000000);
  store<u8>(to + 5, <u8>(seconds >> 28));
  return to + 6;
}

/** Bytes of the metadata of a stamped record. */
function stampSize(stamp: Stamp): u32 {
  const span = select<u32>(SPAN_ID_HEAD + SPAN_ID_DIGITS, 0, stamp.spanIds != 0);
  return TRACE_ID_HEAD + TRACE_ID_DIGITS + span;
}

/** Notes where an id's digits lie. */
function noteRegion(stamp: Stamp, at: usize, length: u32): void {
  store<u32>(stamp.regions, <u32>at);
  store<u32>(stamp.regions, length, 4);
  stamp.regions += 8;
}

/** The digits of a row's number: the second half of its trace id, and its root's span id. */
function numberDigits(stamp: Stamp, row: u32): v128 {
  return hexOf8(bigEndian(numberOf(stamp.seed, stamp.threshold, row)));
}

/** @param prefix digits of the first half of ids that are drawn. */
function putStamp(to: usize, stamp: Stamp, row: u32, prefix: v128): usize {
  v128.store(to, TRACE_ID);
  to += TRACE_ID_HEAD;
  if (hasContext(stamp, row)) {
    putHex16(to, contextTraceId(stamp, row));
    noteRegion(stamp, to, TRACE_ID_DIGITS);
  } else {
    v128.store(to, prefix);
    v128.store(to, numberDigits(stamp, row), 16);
    // The first half is that of the record before.
    noteRegion(stamp, to + TRACE_ID_DIGITS / 2, TRACE_ID_DIGITS / 2);
  }
  to += TRACE_ID_DIGITS;
  if (stamp.spanIds == 0) return to;
  v128.store(to, SPAN_ID);
  to += SPAN_ID_HEAD;
  v128.store(to, numberDigits(stamp, row));
  noteRegion(stamp, to, SPAN_ID_DIGITS);
  return to + SPAN_ID_DIGITS;
}

/** Bytes of the `entries` fields that `lokiEntries` would write. */
export function lokiEntriesSize(
  lengths: usize,
  timestamps: usize,
  blobLengths: usize,
  rows: usize,
  first: u32,
  count: u32,
  firstNs: u64,
  stamp: Stamp | null,
): f64 {
  let size: u64 = 0;
  let stamped: usize = stamp === null ? 0 : stamp.rows;
  const stampBytes = stamp === null ? 0 : stampSize(stamp);
  const all = stamp !== null && stampsAll(stamp);
  // What every record has in common.
  const added = 2 + (all ? stampBytes : 0);
  let seconds = firstNs / SECOND;
  let nanos = <u32>(firstNs - seconds * SECOND);
  for (let i: u32 = 0; i < count; i++) {
    const row = rows == 0 ? first + i : load<u32>(rows + (i << 2));
    let timestamp = secondsSize(seconds) + scalarSize(nanos);
    if (timestamps != 0) {
      const own = load<u64>(timestamps + (row << 3));
      if (own != 0) timestamp = secondsSize(own / SECOND) + scalarSize(<u32>(own % SECOND));
    }
    const length = load<u32>(lengths + (row << 2));
    let entry = added + timestamp + scalarSize(length) + length;
    if (blobLengths != 0) entry += load<u32>(blobLengths + (row << 2));
    if (stamp !== null && !all) {
      stamped = stampedFrom(stamped, row);
      entry += select<u32>(stampBytes, 0, isStamped(stamped, row));
    }
    size += 1 + varintLength(entry) + entry;
    if (++nanos == <u32>SECOND) {
      nanos = 0;
      seconds++;
    }
  }
  return <f64>size;
}

/**
 * Writes one `entries` field a record and returns the address behind them. There must be room.
 * `timestamps`, `blobLengths`: addresses of columns, or 0: not used. `rows`: as in join-lines.ts. `stamp.regions` is
 * moved behind the regions noted.
 */
export function lokiEntries(
  starts: usize,
  lengths: usize,
  timestamps: usize,
  blobStarts: usize,
  blobLengths: usize,
  rows: usize,
  first: u32,
  count: u32,
  firstNs: u64,
  to: usize,
  stamp: Stamp | null,
): usize {
  let stamped: usize = stamp === null ? 0 : stamp.rows;
  const stampBytes = stamp === null ? 0 : stampSize(stamp);
  const all = stamp !== null && stampsAll(stamp);
  const prefix = stamp === null ? i64x2.splat(0) : hexOf8(i64x2.splat(stamp.prefix));
  let seconds = firstNs / SECOND;
  let nanos = <u32>(firstNs - seconds * SECOND);
  for (let i: u32 = 0; i < count; i++) {
    const row = rows == 0 ? first + i : load<u32>(rows + (i << 2));
    let ownSeconds = seconds;
    let ownNanos = nanos;
    if (timestamps != 0) {
      const own = load<u64>(timestamps + (row << 3));
      if (own != 0) {
        ownSeconds = own / SECOND;
        ownNanos = <u32>(own % SECOND);
      }
    }
    const timestamp = secondsSize(ownSeconds) + scalarSize(ownNanos);
    const start = load<u32>(starts + (row << 2));
    const length = load<u32>(lengths + (row << 2));
    const blob = blobLengths == 0 ? 0 : load<u32>(blobLengths + (row << 2));
    let size = 2 + timestamp + scalarSize(length) + length + blob;
    let isTraced = all;
    if (stamp !== null && !all) {
      stamped = stampedFrom(stamped, row);
      isTraced = isStamped(stamped, row);
    }
    if (isTraced) size += stampBytes;
    store<u8>(to, TAG_ENTRY);
    to = putVarint(to + 1, size);
    store<u8>(to, TAG_TIMESTAMP);
    store<u8>(to, <u8>timestamp, 1);
    to = putSeconds(to + 2, ownSeconds);
    if (ownNanos != 0) {
      store<u8>(to, TAG_NANOS);
      to = putVarint(to + 1, ownNanos);
    }
    if (length != 0) {
      store<u8>(to, TAG_LINE);
      to = putVarint(to + 1, length);
      copyBytes(to, start, length);
      to += length;
    }
    if (blob != 0) {
      copyBytes(to, load<u32>(blobStarts + (row << 2)), blob);
      to += blob;
    }
    if (isTraced) to = putStamp(to, stamp!, row, prefix);
    if (++nanos == <u32>SECOND) {
      nanos = 0;
      seconds++;
    }
  }
  return to;
}
