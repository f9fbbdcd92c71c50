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
import { lokiStream } from './twins/loki.ts';
import { bytesField } from './twins/protobuf.ts';

/** Written from the public field numbers of Loki's push API; `line` as bytes, because a log may hold any. */
const PROTO = `
  syntax = "proto3";
  message PushRequest { repeated Stream streams = 1; }
  message Stream { string labels = 1; repeated Entry entries = 2; uint64 hash = 3; }
  message Entry { Timestamp timestamp = 1; bytes line = 2; repeated LabelPair structuredMetadata = 3; }
  message LabelPair { string name = 1; string value = 2; }
  message Timestamp { int64 seconds = 1; int32 nanos = 2; }
`;
const PushRequest = protobuf.parse(PROTO, { keepCase: true }).root.lookupType('PushRequest');

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

/** Gives every row a blob of 0 to 2 structured metadata fields. */
function writeBlobs(): void {
  let at = 0;
  for (let row = 0; row < SLOT_RECORDS; row++) {
    const pair = bytesField(3, bytesField(1, Buffer.from('k')), bytesField(2, Buffer.from(`value ${row}`)));
    const blob = Buffer.concat(Array.from({ length: row % 3 }, () => pair));
    kernel.blobs.region.bytes.set(blob, at);
    kernel.blobs.starts[row] = kernel.blobs.region.address + at;
    kernel.blobs.lengths[row] = blob.length;
    at += blob.length;
  }
}

function chosen({ count, live, first }: Selection): number[] {
  return live === null ? Array.from({ length: count }, (_, i) => first + i) : [...live];
}

const time = fc.oneof(
  fc.constantFrom(0n, 1n, 999_999_999n, 1_000_000_000n, 2n ** 32n * 1_000_000_000n, 2n ** 64n - 1n),
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n - BigInt(SLOT_RECORDS) }),
);

describe('lokiStream', () => {
  writeBlobs();

  test('agrees with its twin on any records, times, blobs and choice of records', () => {
    fc.assert(
      fc.property(
        logText,
        placement,
        surroundings,
        liveRows(SLOT_RECORDS),
        fc.array(time, { minLength: SLOT_RECORDS, maxLength: SLOT_RECORDS }),
        fc.bigInt({ min: 0n, max: 2n ** 63n }),
        fc.string({ unit: 'grapheme', maxLength: 200 }),
        fc.boolean(),
        fc.boolean(),
        (bytes, place, around, list, times, firstNs, labels, useTimestamps, useBlobs) => {
          const count = scanned(bytes, place, around);
          const selection = { slot, first: 0, count, live: list?.filter((row) => row < count) ?? null };
          slot.timestamps.set(times);
          const end = kernel.lokiStream(selection, out, 7, { labels, firstNs, useTimestamps, useBlobs });
          const records = rows(slot, count);
          const twin = lokiStream(
            labels,
            chosen(selection).map((row, k) => ({
              ns: useTimestamps && times[row] !== 0n ? times[row]! : firstNs + BigInt(k),
              line: kernel.bytes.subarray(records[row]!.start, records[row]!.start + records[row]!.length),
              blob: useBlobs
                ? kernel.bytes.subarray(
                    kernel.blobs.starts[row]!,
                    kernel.blobs.starts[row]! + kernel.blobs.lengths[row]!,
                  )
                : Buffer.alloc(0),
            })),
          );
          expect(out.bytes.subarray(7, end).equals(twin)).toBe(true);
        },
      ),
      { numRuns: 300 },
    );
  });

  test('is read by protobufjs as labels, times, lines and metadata', () => {
    const count = scanned(Buffer.from('zero\none\r\n\xfftwo\n', 'latin1'));
    slot.timestamps.set([0n, 1_700_000_000_000_000_005n, 0n]);
    const options = { labels: '{job="x"}', firstNs: 1_999_999_998n, useTimestamps: true, useBlobs: true };
    const first = kernel.lokiStream({ slot, first: 0, count, live: null }, out, 0, options);
    const end = kernel.lokiStream({ slot, first: 1, count: 1, live: null }, out, first, options);
    const { streams } = PushRequest.toObject(PushRequest.decode(out.bytes.subarray(0, end)), {
      longs: Number,
    });
    const metadata = (row: number) => ({ name: 'k', value: `value ${row}` });
    expect(streams).toEqual([
      {
        labels: '{job="x"}',
        entries: [
          { timestamp: { seconds: 1, nanos: 999_999_998 }, line: Buffer.from('zero') },
          {
            timestamp: { seconds: 1_700_000_000, nanos: 5 },
            line: Buffer.from('one'),
            structuredMetadata: [metadata(1)],
          },
          {
            timestamp: { seconds: 2 },
            line: Buffer.from('\xfftwo', 'latin1'),
            structuredMetadata: [metadata(2), metadata(2)],
          },
        ],
      },
      {
        labels: '{job="x"}',
        entries: [
          {
            timestamp: { seconds: 1_700_000_000, nanos: 5 },
            line: Buffer.from('one'),
            structuredMetadata: [metadata(1)],
          },
        ],
      },
    ]);
  });

  test('says so when it does not fit, and fits to the last byte', () => {
    const count = scanned(Buffer.from('one\ntwo\n'));
    const selection = { slot, first: 0, count, live: null };
    const options = { labels: '{job="x"}', firstNs: 1n, useTimestamps: false, useBlobs: false };
    const end = kernel.lokiStream(selection, out, 0, options);
    expect(kernel.lokiStream(selection, { ...out, capacity: end }, 0, options)).toBe(end);
    expect(kernel.lokiStream(selection, { ...out, capacity: end - 1 }, 0, options)).toBe(-1);
  });
});
