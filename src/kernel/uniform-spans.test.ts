import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ContextRow } from './context-row.ts';
import { recordChecksum, type Stretch } from './record-checksum.ts';
import { uniformPlaces } from './span-encoder.ts';
import { PATCH_WIDTHS, PatchKind, type SpanPatch } from './span-template.ts';
import { encodeSpan } from './twins/encode-spans.ts';
import { smallKernel } from './twins/fixture.ts';

const kernel = smallKernel({ spanBytes: 2 ** 20 });
const slot = kernel.slots.take()!;
const ROWS = 40;
const FIRST_ROWS = 5;

const { spanId, incomingTraceId, incomingParentSpanId, size, offsetLow, uid } = PatchKind;
const OWN = [spanId, size, offsetLow] as const;
const JOINED = [incomingTraceId, spanId, incomingParentSpanId, size, offsetLow] as const;
const ALL = [OWN, [...OWN, uid], JOINED, [...JOINED, uid]] as const;

const template = fc
  .record({
    kinds: fc.constantFrom(...ALL),
    gaps: fc.array(fc.nat(70), { minLength: 7, maxLength: 7 }),
  })
  .map(({ kinds, gaps }) => {
    const patches: SpanPatch[] = [];
    let end = 0;
    for (const [i, kind] of kinds.entries()) {
      patches.push({ at: end + gaps[i]!, kind, argument: 0 });
      end += gaps[i]! + PATCH_WIDTHS[kind];
    }
    return { bytes: Buffer.from(Uint8Array.from({ length: end + gaps[6]! }, (_, i) => i % 251)), patches };
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
    const offsets = width > 8 ? [0, 8] : [0];
    return offsets.map((from) => ({
      at: at + from,
      bytes: Array.from({ length: Math.min(width - from, 8) }, (_, i) => [
        { behind: bytes.length - 1 - at - from - i, placeholder: bytes[at + from + i]! },
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

describe('are left to the general loop', () => {
  const optionsOf = (patches: readonly SpanPatch[], change: Partial<SpanPatch> = {}, changed = -1) => {
    const it = { bytes: Buffer.alloc(120), patches };
    const record = recordChecksum(120, stretchesOf(it));
    const template = {
      ...it,
      patches: patches.map((patch, i) => (i === changed ? { ...patch, ...change } : patch)),
    };
    return { template, useBlobs: false, checksum: { record, constant: 0, register: 0 } };
  };
  const patchesOf = (kinds: readonly SpanPatch['kind'][]) =>
    kinds.map((kind, i): SpanPatch => ({ at: 20 * i, kind, argument: 0 }));
  const joined = patchesOf(JOINED);

  test.each([
    ['spans without a checksum', { ...optionsOf(joined), checksum: null }],
    ['spans with blobs', { ...optionsOf(joined), useBlobs: true }],
    ['spans with another id than the first', optionsOf(joined, { argument: 1 }, 1)],
    ['an id that the checksum has elsewhere', optionsOf(joined, { at: 21 }, 1)],
    ['a size that the checksum has elsewhere', optionsOf(joined, { at: 61 }, 3)],
    ['digits that the checksum has elsewhere', optionsOf(patchesOf([...OWN, uid]), { at: 61 }, 3)],
    ['spans with the whole position', optionsOf(patchesOf([spanId, size, PatchKind.offset]))],
  ])('%s', (_, options) => {
    expect(uniformPlaces(options)).toBeNull();
  });

  test('but no others', () => {
    const places = { number: 0, size: 20, offset: 40, uid: 0, joined: null };
    expect(uniformPlaces(optionsOf(patchesOf(OWN)))).toEqual(places);
    expect(uniformPlaces(optionsOf(patchesOf([...OWN, uid])))).toEqual({ ...places, uid: 60 });
    const joinedPlaces = { number: 20, size: 60, offset: 80, uid: 0, joined: { trace: 0, parent: 40 } };
    expect(uniformPlaces(optionsOf(joined))).toEqual(joinedPlaces);
    expect(uniformPlaces(optionsOf(patchesOf([...JOINED, uid])))).toEqual({ ...joinedPlaces, uid: 100 });
  });
});

test('logs that differ in ids, size and position alone are encoded as their twins are, with their checksum', () => {
  const seed = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
  const options = fc.record({
    template,
    records,
    seed,
    threshold: fc.oneof(fc.constant(0n), fc.bigInt({ min: 0n, max: 2n ** 56n - 1n })),
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
      const ids = { seed: given.seed, threshold: given.threshold };
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
