import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { recordChecksum, type Stretch } from './record-checksum.ts';
import { uniformPlaces } from './span-encoder.ts';
import { PATCH_WIDTHS, PatchKind, type SpanPatch } from './span-template.ts';
import { encodeSpan } from './twins/encode-spans.ts';
import { smallKernel } from './twins/fixture.ts';

const kernel = smallKernel({ spanBytes: 2 ** 20 });
const slot = kernel.slots.take()!;
const NO_CONTEXT = { traceId: Buffer.alloc(16), spanId: Buffer.alloc(8) };
const ROWS = 40;

const template = fc
  .record({
    number: fc.constantFrom(PatchKind.traceHalf, PatchKind.spanId),
    gaps: fc.tuple(fc.nat(70), fc.nat(70), fc.nat(70), fc.nat(70)),
  })
  .map(({ number, gaps }) => {
    const patches: SpanPatch[] = [];
    let end = 0;
    for (const [i, kind] of [number, PatchKind.size, PatchKind.offsetLow].entries()) {
      patches.push({ at: end + gaps[i]!, kind, argument: 0 });
      end += gaps[i]! + PATCH_WIDTHS[kind];
    }
    return { bytes: Buffer.from(Uint8Array.from({ length: end + gaps[3]! }, (_, i) => i % 251)), patches };
  });

/** Of up to 1 MiB each. */
const records = fc
  .array(fc.oneof(fc.nat(300), fc.nat(20_000), fc.nat(2 ** 20)), { minLength: 1, maxLength: ROWS })
  .map((lengths) => {
    let end = 0;
    return lengths.map((length) => {
      const start = end;
      end += length + 1;
      return { start, length };
    });
  });

/** The stretches of a record that is encoded as it is. */
function stretchesOf({ bytes, patches }: { bytes: Buffer; patches: readonly SpanPatch[] }): Stretch[] {
  return patches.map(({ at, kind }) => ({
    at,
    bytes: Array.from({ length: PATCH_WIDTHS[kind] }, (_, i) => [
      { behind: bytes.length - 1 - at - i, placeholder: bytes[at + i]! },
    ]),
  }));
}

const registerOf = (bytes: Uint8Array) => ~crc32(bytes, 0xffffffff) >>> 0;

test('logs that differ in number, size and position are encoded as their twins are, with their checksum', () => {
  const seed = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
  const options = fc.record({
    template,
    records,
    seed,
    from: fc.nat(2 ** 50),
    first: fc.nat(5),
    // One byte too few for the loop: then the other one does all but the last.
    isShort: fc.boolean(),
  });
  fc.assert(
    fc.property(options, fc.subarray(Array.from({ length: ROWS }, (_, i) => i)), (given, chosen) => {
      const { template: it, from, first, isShort } = given;
      const { bytes } = it;
      for (const [i, { start, length }] of given.records.entries()) {
        slot.starts[first + i] = start;
        slot.lengths[first + i] = length;
      }
      const listed = chosen.filter((i) => i < given.records.length);
      const live = listed.length > 0 ? Uint32Array.from(listed, (i) => first + i) : null;
      const all = live === null ? [...given.records.keys()] : listed;
      const done = isShort ? all.slice(0, -1) : all;
      const ids = { seed: given.seed, threshold: 0n };
      const wanted = Buffer.concat(
        done.map((i) =>
          encodeSpan(it, ids, {
            row: first + i,
            size: given.records[i]!.length,
            offset: from + given.records[i]!.start,
            context: NO_CONTEXT,
            blob: Buffer.alloc(0),
          }),
        ),
      );
      const record = recordChecksum(bytes.length, stretchesOf(it));
      const checksum = { record, constant: registerOf(bytes), register: 7 };
      const spans = { ...ids, from, template: it, useBlobs: false, checksum };
      expect(uniformPlaces(spans)).not.toBeNull();
      const { address } = kernel.spans;
      const result = kernel.encodeSpans({ slot, first, count: given.records.length, live }, spans, {
        address,
        capacity: all.length * bytes.length - (isShort ? 1 : 0),
      });
      expect(kernel.spans.bytes.subarray(0, result.bytes).equals(wanted)).toBe(true);
      expect(result).toEqual({
        rows: done.length,
        bytes: wanted.length,
        register: (registerAfter(7, wanted.length) ^ registerOf(wanted)) >>> 0,
      });
    }),
    { numRuns: 300 },
  );
});

/** What a register becomes when as many zeros pass. */
function registerAfter(register: number, zeros: number): number {
  return ~crc32(Buffer.alloc(zeros), ~register >>> 0) >>> 0;
}
