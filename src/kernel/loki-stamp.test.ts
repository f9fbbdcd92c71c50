import { snappyDecompress } from '@platformatic/wasm-utils';
import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { ContextRow } from './context-row.ts';
import type { StampOptions } from './options.ts';
import { spanIdOf, traceIdOf } from './trace-ids.ts';
import { liveRows, logText, put, rows, SLOT_RECORDS, smallKernel } from './twins/fixture.ts';
import { lokiStream } from './twins/loki.ts';
import { bytesField } from './twins/protobuf.ts';
import { snappyDecode } from './twins/snappy.ts';

const kernel = smallKernel();
const slot = kernel.slots.take()!;
const body = kernel.scratch;
const out = kernel.outputs.take()!;
const LOKI = { labels: '{job="x"}', firstNs: 1_999_999_990n, useTimestamps: false, useBlobs: false };

beforeEach(() => {
  kernel.idRegions.count = 0;
});

function scanned(bytes: Uint8Array): number {
  const from = put(kernel, slot, bytes);
  const options = { from, length: bytes.length, firstRecord: 0, maxRecordBytes: 200, final: true };
  return kernel.scanLines(slot, options).count;
}

function writeBlobs(): void {
  const pair = bytesField(3, bytesField(1, Buffer.from('k')), bytesField(2, Buffer.from('value')));
  kernel.blobs.region.bytes.set(pair);
  kernel.blobs.starts.fill(kernel.blobs.region.address);
  for (let row = 0; row < SLOT_RECORDS; row++) kernel.blobs.lengths[row] = row % 3 === 0 ? pair.length : 0;
}

function writeContexts(): void {
  for (let row = 0; row < SLOT_RECORDS; row++) {
    const at = row * ContextRow.size;
    slot.contexts.fill(0xa0 + (row % 90), at, at + ContextRow.size);
    slot.contexts[at + ContextRow.present] = row % 2;
  }
}

function idsOf(row: number, stamp: StampOptions): [string, Uint8Array][] {
  if (stamp.rows !== null && !stamp.rows.includes(row)) return [];
  const at = row * ContextRow.size;
  const isGiven = stamp.hasContexts && slot.contexts[at + ContextRow.present] === 1;
  const trace = isGiven ? slot.contexts.subarray(at, at + 16) : traceIdOf(stamp, stamp.threshold, row);
  const ids: [string, Uint8Array][] = [['trace_id', trace]];
  return stamp.spanIds ? [...ids, ['span_id', spanIdOf(stamp.seed, stamp.threshold, row, 0)]] : ids;
}

const stamps = fc.record({
  rows: liveRows(SLOT_RECORDS),
  prefix: fc.bigInt({ min: 1n, max: 2n ** 64n - 1n }),
  seed: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  threshold: fc.oneof(fc.constant(0n), fc.bigInt({ min: 0n, max: 2n ** 56n - 1n })),
  hasContexts: fc.boolean(),
  spanIds: fc.boolean(),
});

describe('lokiStream with ids', () => {
  writeBlobs();
  writeContexts();

  test('agrees with its twin, in one stream and in two, and snappy with the regions is decoded to the same', () => {
    fc.assert(
      fc.property(
        logText,
        liveRows(SLOT_RECORDS),
        stamps,
        fc.boolean(),
        fc.nat(SLOT_RECORDS),
        (bytes, list, stamp, useBlobs, divide) => {
          const count = scanned(bytes);
          const chosen =
            list?.filter((row) => row < count) ?? Uint32Array.from({ length: count }, (_, i) => i);
          kernel.idRegions.count = 0;
          let end = 0;
          const twins: Buffer[] = [];
          const records = rows(slot, count);
          for (const live of [chosen.slice(0, divide), chosen.slice(divide)]) {
            // What a body does when a stream did not fit at first.
            expect(
              kernel.lokiStream({ slot, first: 0, count, live }, { ...body, capacity: end + 1 }, end, {
                ...LOKI,
                useBlobs,
                stamp,
              }),
            ).toBe(-1);
            end = kernel.lokiStream({ slot, first: 0, count, live }, body, end, { ...LOKI, useBlobs, stamp });
            const entries = [...live].map((row, k) => {
              const { start, length } = records[row]!;
              const blob = useBlobs ? kernel.blobs.lengths[row]! : 0;
              return {
                ns: LOKI.firstNs + BigInt(k),
                line: kernel.bytes.subarray(start, start + length),
                blob: kernel.blobs.region.bytes.subarray(0, blob),
                ids: idsOf(row, stamp),
              };
            });
            twins.push(lokiStream(LOKI.labels, entries));
          }
          const wanted = Buffer.concat(twins);
          expect(body.bytes.subarray(0, end).equals(wanted)).toBe(true);

          const length = kernel.snappy(body, end, out, { regions: kernel.idRegions });
          expect(snappyDecode(out.bytes.subarray(0, length)).equals(wanted)).toBe(true);
          expect(snappyDecompress(out.bytes.subarray(0, length)).equals(wanted)).toBe(true);
        },
      ),
      { numRuns: 300 },
    );
  });

  test('emits the ids as literals and what lies before them as copies', () => {
    const line = '10.0.0.1 - - "GET / HTTP/1.1" 200 12 "Mozilla/5.0"\n';
    const count = scanned(Buffer.from(line.repeat(50)));
    const selection = { slot, first: 0, count, live: null };
    const stamp = { rows: null, prefix: 9n, seed: 5n, threshold: 0n, hasContexts: false, spanIds: false };
    const compressed = (ids: StampOptions | null) => {
      const end = kernel.lokiStream(selection, body, 0, { ...LOKI, stamp: ids });
      return kernel.snappy(body, end, out, { regions: kernel.idRegions });
    };
    const without = compressed(null);
    const length = compressed(stamp);
    // The first has nothing before it that is the same.
    for (let row = 1; row < count; row++) {
      const digits = traceIdOf({ prefix: 9n, seed: 5n }, 0n, row).toString('hex', 8);
      // The tag of a literal of 16 bytes lies before them: the first half of the id is that of the log before.
      expect(out.bytes.subarray(0, length).includes(`\x3c${digits}`, 0, 'latin1')).toBe(true);
    }
    // 16 digits, a tag for them, a copy of what lies before them, a copy more because the match before is cut.
    expect((length - without) / count).toBeLessThan(16 + 1 + 3 + 3);
  });

  test.each([
    [
      'every row of a slot',
      (count: number) => Array.from({ length: count }, (_, i) => i),
      [SLOT_RECORDS - 1],
    ],
    ['no row', () => [], []],
  ])('finds out what is stamped of %s', (_, stamped, wanted) => {
    const count = scanned(Buffer.from('a\n'.repeat(SLOT_RECORDS)));
    const rowsToStamp = Uint32Array.from(stamped(count));
    const stamp = {
      rows: rowsToStamp,
      prefix: 9n,
      seed: 5n,
      threshold: 0n,
      hasContexts: false,
      spanIds: false,
    };
    kernel.idRegions.count = 0;
    const live = Uint32Array.of(SLOT_RECORDS - 1);
    const end = kernel.lokiStream({ slot, first: 0, count, live }, body, 0, { ...LOKI, stamp });
    expect(kernel.idRegions.count).toBe(wanted.length);
    const text = body.bytes.toString('latin1', 0, end);
    for (const row of wanted) expect(text).toContain(traceIdOf(stamp, 0n, row).toString('hex'));
  });

  test('refuses to note more ids than a body can have', () => {
    const count = scanned(Buffer.from('a\n'.repeat(SLOT_RECORDS)));
    const stamp = { rows: null, prefix: 9n, seed: 5n, threshold: 0n, hasContexts: false, spanIds: true };
    const encode = () =>
      kernel.lokiStream({ slot, first: 0, count, live: null }, body, 0, { ...LOKI, stamp });
    encode();
    expect(encode).toThrow(/idRegions holds 512 of 512 regions: set its count to 0/);
  });
});

describe('snappy with regions', () => {
  test('is decoded to the input whatever the regions say', () => {
    const stamp = { rows: null, prefix: 9n, seed: 5n, threshold: 0n, hasContexts: false, spanIds: true };
    const count = scanned(Buffer.from('some text\n'.repeat(100)));
    kernel.lokiStream({ slot, first: 0, count, live: null }, body, 0, { ...LOKI, stamp });
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 300, max: 3 }),
        fc.nat(4000),
        fc.constantFrom(1 as const, 2 as const),
        (noise, length, perRecord) => {
          // The regions are those of another body.
          for (let i = 0; i < length; i++) body.bytes[i] = noise[i % noise.length] ?? 0;
          const wanted = Buffer.from(body.bytes.subarray(0, length));
          const regions = { count: kernel.idRegions.count, perRecord };
          const block = out.bytes.subarray(0, kernel.snappy(body, length, out, { regions }));
          expect(snappyDecode(block).equals(wanted)).toBe(true);
        },
      ),
      { numRuns: 300 },
    );
  });
});
