import { copyAscii, copyBytes } from './copy';
import { isUtf8 } from './utf8';
import { putVarint, varintLength } from './varint';

/**
 * OTLP log records. Called through `Kernel.otlpLogRecords`.
 * Field numbers: opentelemetry-proto, ScopeLogs.log_records = 2; LogRecord.time_unix_nano = 1, severity_number = 2,
 * body = 5, attributes = 6, observed_time_unix_nano = 11; AnyValue.string_value = 1, bytes_value = 7.
 * Numbers that are 0 are left out, as proto3 does; the body never is.
 */

const TAG_LOG_RECORD: u8 = 0x12;
const TAG_TIME: u8 = 0x09;
const TAG_SEVERITY: u8 = 0x10;
const TAG_BODY: u8 = 0x2a;
const TAG_STRING: u8 = 0x0a;
const TAG_BYTES: u8 = 0x3a;
const TAG_OBSERVED: u8 = 0x59;

/** Bytes of a tag of one byte and a fixed64; 0 for the default value. */
function fixed64Size(value: u64): u32 {
  return value == 0 ? 0 : 9;
}

function severitySize(severity: u32): u32 {
  return severity == 0 ? 0 : 1 + varintLength(severity);
}

/** The record's own time where it has one, else its place counted from `firstNs` (0: none). */
function timeOf(timestamps: usize, row: u32, firstNs: u64, index: u32): u64 {
  const own = timestamps == 0 ? 0 : load<u64>(timestamps + (row << 3));
  return own != 0 ? own : firstNs == 0 ? 0 : firstNs + index;
}

/** Bytes of the `log_records` fields that `otlpLogRecords` would write. */
export function otlpLogRecordsSize(
  lengths: usize,
  timestamps: usize,
  severities: usize,
  blobLengths: usize,
  rows: usize,
  first: u32,
  count: u32,
  firstNs: u64,
  observedNs: u64,
): f64 {
  let size: u64 = 0;
  for (let i: u32 = 0; i < count; i++) {
    const row = rows == 0 ? first + i : load<u32>(rows + (i << 2));
    const length = load<u32>(lengths + (row << 2));
    const value = 1 + varintLength(length) + length;
    let record = 1 + varintLength(value) + value + fixed64Size(observedNs);
    record += fixed64Size(timeOf(timestamps, row, firstNs, i));
    if (severities != 0) record += severitySize(load<u8>(severities + row));
    if (blobLengths != 0) record += load<u32>(blobLengths + (row << 2));
    size += 1 + varintLength(record) + record;
  }
  return <f64>size;
}

/**
 * Writes one `log_records` field a record and returns the address behind them. There must be room.
 * `timestamps`, `severities`, `blobLengths`: addresses of columns, or 0: not used. `rows`: as in join-lines.ts.
 */
export function otlpLogRecords(
  starts: usize,
  lengths: usize,
  timestamps: usize,
  severities: usize,
  blobStarts: usize,
  blobLengths: usize,
  rows: usize,
  first: u32,
  count: u32,
  firstNs: u64,
  observedNs: u64,
  to: usize,
): usize {
  for (let i: u32 = 0; i < count; i++) {
    const row = rows == 0 ? first + i : load<u32>(rows + (i << 2));
    const start = load<u32>(starts + (row << 2));
    const length = load<u32>(lengths + (row << 2));
    const blob = blobLengths == 0 ? 0 : load<u32>(blobLengths + (row << 2));
    const severity: u32 = severities == 0 ? 0 : load<u8>(severities + row);
    const time = timeOf(timestamps, row, firstNs, i);
    const value = 1 + varintLength(length) + length;
    const body = 1 + varintLength(value) + value;

    store<u8>(to, TAG_LOG_RECORD);
    to = putVarint(
      to + 1,
      body + blob + fixed64Size(time) + severitySize(severity) + fixed64Size(observedNs),
    );
    if (time != 0) {
      store<u8>(to, TAG_TIME);
      store<u64>(to, time, 1);
      to += 9;
    }
    if (severity != 0) {
      store<u8>(to, TAG_SEVERITY);
      to = putVarint(to + 1, severity);
    }
    store<u8>(to, TAG_BODY);
    const tag = putVarint(to + 1, value);
    to = putVarint(tag + 1, length);
    const isText = copyAscii(to, start, length) || isUtf8(start, length);
    store<u8>(tag, isText ? TAG_STRING : TAG_BYTES);
    to += length;
    if (blob != 0) {
      copyBytes(to, load<u32>(blobStarts + (row << 2)), blob);
      to += blob;
    }
    if (observedNs != 0) {
      store<u8>(to, TAG_OBSERVED);
      store<u64>(to, observedNs, 1);
      to += 9;
    }
  }
  return to;
}
