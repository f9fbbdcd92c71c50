import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ContextRow } from './context-row.ts';
import { recordChecksum, type Stretch } from './record-checksum.ts';
import { loopOf } from './span-encoder.ts';
import { PATCH_WIDTHS, PatchKind, type SpanPatch } from './span-template.ts';
import { encodeSpan } from './twins/encode-spans.ts';
import { smallKernel } from './twins/fixture.ts';

const kernel = smallKernel({ spanBytes: 2 ** 20 });
const slot = kernel.slots.take()!;
const ROWS = 40;
const FIRST_ROWS = 5;

const { traceHalf, spanId, incomingTraceId, incomingParentSpanId, size, offsetLow } = PatchKind;
const LOOPS = {
  uniform: [
    [traceHalf, size, offsetLow],
    [spanId, size, offsetLow],
  ],
  joined: [[incomingTraceId, spanId, incomingParentSpanId, size, offsetLow]],
} as const;

const template = fc
  .constantFrom(...Object.entries(LOOPS))
  .chain(([loop, kinds]) =>
    fc.record({
      loop: fc.constant(loop),
      kinds: fc.constantFrom(...kinds),
      gaps: fc.array(fc.nat(70), { minLength: 6, maxLength: 6 }),
    }),
  )
  .map(({ loop, kinds, gaps }) => {
    const patches: SpanPatch[] = [];
    let end = 0;
    for (const [i, kind] of kinds.entries()) {
      patches.push({ at: end + gaps[i]!, kind, argument: 0 });
      end += gaps[i]! + PATCH_WIDTHS[kind];
    }
    return {
      loop,
      bytes: Buffer.from(Uint8Array.from({ length: end + gaps[5]! }, (_, i) => i % 251)),
      patches,
    };
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

/** The stretches of a record that is encoded as it is: at most 8 bytes each. */
function stretchesOf({ bytes, patches }: { bytes: Buffer; patches: readonly SpanPatch[] }): Stretch[] {
  return patches.flatMap(({ at, kind }) => {
    const width = PATCH_WIDTHS[kind];
    const from = width === 16 ? [at, at + 8] : [at];
    return from.map((at) => ({
      at,
      bytes: Array.from({ length: Math.min(width, 8) }, (_, i) => [
        { behind: bytes.length - 1 - at - i, placeholder: bytes[at + i]! },
      ]),
    }));
  });
}

for (let i = 0; i < (ROWS + FIRST_ROWS) * ContextRow.size; i++) slot.contexts[i] = (i * 37) % 256;

function contextOf(row: number): { traceId: Uint8Array; spanId: Uint8Array } {
  const part = (from: number, length: number) => {
    const at = row * ContextRow.size + from;
    return slot.contexts.subarray(at, at + length);
  };
  return { traceId: part(ContextRow.traceId, 16), spanId: part(ContextRow.spanId, 8) };
}

const registerOf = (bytes: Uint8Array) => ~crc32(bytes, 0xffffffff) >>> 0;

test('what is laid out otherwise is left to the general loop', () => {
  const patches = LOOPS.joined[0].map((kind, i) => ({ at: 20 * i, kind, argument: 0 }));
  const it = { bytes: Buffer.alloc(120), patches };
  const record = recordChecksum(120, stretchesOf(it));
  const options = {
    template: it,
    useBlobs: false,
    threshold: 1n,
    checksum: { record, constant: 0, register: 0 },
  };
  const withPatch = (index: number, change: Partial<SpanPatch>) => ({
    ...options,
    template: { ...it, patches: patches.map((patch, i) => (i === index ? { ...patch, ...change } : patch)) },
  });
  expect(loopOf(options)).toBe('joined');
  expect(loopOf({ ...options, checksum: null })).toBeNull();
  expect(loopOf({ ...options, useBlobs: true })).toBeNull();
  expect(loopOf(withPatch(1, { argument: 1 }))).toBeNull();
  expect(loopOf(withPatch(1, { at: 21 }))).toBeNull();
  expect(loopOf(withPatch(3, { at: 61 }))).toBeNull();
  const uniform = LOOPS.uniform[0].map((kind, i) => ({ at: 20 * i, kind, argument: 0 }));
  const own = { bytes: Buffer.alloc(60), patches: uniform };
  const ownRecord = { record: recordChecksum(60, stretchesOf(own)), constant: 0, register: 0 };
  expect(loopOf({ ...options, template: own, checksum: ownRecord })).toBeNull();
  expect(loopOf({ ...options, template: own, checksum: ownRecord, threshold: 0n })).toBe('uniform');
});

test('logs that differ in ids, size and position alone are encoded as their twins are, with their checksum', () => {
  const seed = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
  const options = fc.record({
    template,
    records,
    seed,
    from: fc.nat(2 ** 50),
    first: fc.nat(FIRST_ROWS),
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
            context: contextOf(first + i),
            blob: Buffer.alloc(0),
          }),
        ),
      );
      const record = recordChecksum(bytes.length, stretchesOf(it));
      const checksum = { record, constant: registerOf(bytes), register: 7 };
      const spans = { ...ids, from, template: it, useBlobs: false, checksum };
      expect(loopOf(spans)).toBe(it.loop);
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
