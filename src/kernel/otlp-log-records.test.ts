import fc from 'fast-check';
import protobuf from 'protobufjs';
import { describe, expect, test } from 'vitest';
import type { Selection } from './slot.ts';
import {
  liveRows,
  logText,
  placement,
  put,
  rows,
  SLOT_RECORDS,
  smallKernel,
  surroundings,
} from './twins/fixture.ts';
import { otlpLogRecords } from './twins/otlp-logs.ts';
import { bytesField } from './twins/protobuf.ts';

/** Written from the public field numbers of opentelemetry-proto (logs/v1, common/v1). */
const PROTO = `
  syntax = "proto3";
  message ScopeLogs { repeated LogRecord log_records = 2; }
  message LogRecord {
    fixed64 time_unix_nano = 1;
    int32 severity_number = 2;
    string severity_text = 3;
    AnyValue body = 5;
    repeated KeyValue attributes = 6;
    fixed32 flags = 8;
    bytes trace_id = 9;
    bytes span_id = 10;
    fixed64 observed_time_unix_nano = 11;
  }
  message AnyValue { oneof value { string string_value = 1; bytes bytes_value = 7; } }
  message KeyValue { string key = 1; AnyValue value = 2; }
`;
const ScopeLogs = protobuf.parse(PROTO, { keepCase: true }).root.lookupType('ScopeLogs');

const kernel = smallKernel();
const slot = kernel.slots.take()!;
const out = kernel.outputs.take()!;

function scanned(bytes: Uint8Array, place: 'start' | 'middle' | 'end' = 'start', around = 0): number {
  const from = put(kernel, slot, bytes, place, around);
  return kernel.scanLines(slot, {
    from,
    length: bytes.length,
    firstRecord: 0,
    maxRecordBytes: 200,
    final: true,
  }).count;
}

/** Gives every row a blob of 0 to 2 attributes. */
function writeBlobs(): void {
  let at = 0;
  for (let row = 0; row < SLOT_RECORDS; row++) {
    const value = bytesField(2, bytesField(1, Buffer.from(`value ${row}`)));
    const attribute = bytesField(6, bytesField(1, Buffer.from('k')), value);
    const blob = Buffer.concat(Array.from({ length: row % 3 }, () => attribute));
    kernel.blobs.region.bytes.set(blob, at);
    kernel.blobs.starts[row] = kernel.blobs.region.address + at;
    kernel.blobs.lengths[row] = blob.length;
    at += blob.length;
  }
}

function chosen({ count, live, first }: Selection): number[] {
  return live === null ? Array.from({ length: count }, (_, i) => first + i) : [...live];
}

const time = fc.oneof(fc.constant(0n), fc.bigInt({ min: 0n, max: 2n ** 63n }));
const plain = { observedNs: 0n, firstNs: 0n, useTimestamps: false, useSeverities: false, useBlobs: false };

describe('otlpLogRecords', () => {
  writeBlobs();

  test('agrees with its twin on any records, times, severities, blobs and choice of records', () => {
    fc.assert(
      fc.property(
        logText,
        placement,
        surroundings,
        liveRows(SLOT_RECORDS),
        fc.array(time, { minLength: SLOT_RECORDS, maxLength: SLOT_RECORDS }),
        fc.uint8Array({ minLength: SLOT_RECORDS, maxLength: SLOT_RECORDS }),
        fc.record({
          observedNs: time,
          firstNs: time,
          useTimestamps: fc.boolean(),
          useSeverities: fc.boolean(),
          useBlobs: fc.boolean(),
        }),
        (bytes, place, around, list, times, severities, options) => {
          const count = scanned(bytes, place, around);
          const selection = { slot, first: 0, count, live: list?.filter((row) => row < count) ?? null };
          slot.timestamps.set(times);
          slot.severities.set(severities);
          const end = kernel.otlpLogRecords(selection, out, 7, options);
          const records = rows(slot, count);
          const twin = otlpLogRecords(
            chosen(selection).map((row, k) => ({
              timeNs:
                options.useTimestamps && times[row] !== 0n
                  ? times[row]!
                  : options.firstNs && options.firstNs + BigInt(k),
              observedNs: options.observedNs,
              severity: options.useSeverities ? severities[row]! : 0,
              body: kernel.bytes.subarray(records[row]!.start, records[row]!.start + records[row]!.length),
              blob: options.useBlobs
                ? kernel.bytes.subarray(
                    kernel.blobs.starts[row]!,
                    kernel.blobs.starts[row]! + kernel.blobs.lengths[row]!,
                  )
                : Buffer.alloc(0),
            })),
          );
          expect(out.bytes.subarray(7, end).equals(twin)).toBe(true);
          expect(kernel.otlpLogRecordsSize(selection, options)).toBe(twin.length);
        },
      ),
      { numRuns: 300 },
    );
  });

  test('is read by protobufjs as times, severity, body and attributes', () => {
    const count = scanned(Buffer.from('zero\n\nbad \xff\ngood é\n', 'latin1'));
    slot.bytes.write('good é\n', slot.starts[3]! - slot.address);
    slot.lengths[3] = Buffer.byteLength('good é');
    slot.timestamps.set([0n, 7n, 0n, 0n]);
    slot.severities.set([0, 9, 17, 0]);
    const options = {
      observedNs: 99n,
      firstNs: 50n,
      useTimestamps: true,
      useSeverities: true,
      useBlobs: true,
    };
    const end = kernel.otlpLogRecords({ slot, first: 0, count, live: null }, out, 0, options);
    const message = ScopeLogs.toObject(ScopeLogs.decode(out.bytes.subarray(0, end)), { longs: Number });
    const attribute = (row: number) => ({ key: 'k', value: { string_value: `value ${row}` } });
    expect(message.log_records).toEqual([
      { time_unix_nano: 50, body: { string_value: 'zero' }, observed_time_unix_nano: 99 },
      {
        time_unix_nano: 7,
        severity_number: 9,
        body: { string_value: '' },
        attributes: [attribute(1)],
        observed_time_unix_nano: 99,
      },
      {
        time_unix_nano: 52,
        severity_number: 17,
        body: { bytes_value: Buffer.from('bad \xff', 'latin1') },
        attributes: [attribute(2), attribute(2)],
        observed_time_unix_nano: 99,
      },
      { time_unix_nano: 53, body: { string_value: 'good é' }, observed_time_unix_nano: 99 },
    ]);
  });

  test('says so when it does not fit, and fits to the last byte', () => {
    const count = scanned(Buffer.from('one\ntwo\n'));
    const selection = { slot, first: 0, count, live: null };
    const end = kernel.otlpLogRecords(selection, out, 0, plain);
    expect(kernel.otlpLogRecords(selection, { ...out, capacity: end }, 0, plain)).toBe(end);
    expect(kernel.otlpLogRecords(selection, { ...out, capacity: end - 1 }, 0, plain)).toBe(-1);
  });
});
