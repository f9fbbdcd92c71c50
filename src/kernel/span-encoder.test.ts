import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ContextRow } from './context-row.ts';
import { MAX_TEMPLATE_BYTES } from './layout.ts';
import {
  PATCH_WIDTHS,
  PatchKind,
  type SpanOptions,
  type SpanPatch,
  type SpanTemplate,
} from './span-template.ts';
import { encodeSpan } from './twins/encode-spans.ts';
import { liveRows, logText, put, SLOT_RECORDS, smallKernel } from './twins/fixture.ts';

const kernel = smallKernel({ spanBytes: 2 ** 20 });
const slot = kernel.slots.take()!;
const NO_BLOB = Buffer.alloc(0);

/** Any bytes with any patches that do not overlap; the length of the root stands somewhere before its end. */
const template: fc.Arbitrary<SpanTemplate> = fc
  .record({
    parts: fc.array(
      fc.record({
        kind: fc.constantFrom(...([0, 1, 2, 3, 4, 6, 7] as const)),
        argument: fc.nat(13),
        gap: fc.oneof(fc.nat(20), fc.constantFrom(0, 60, 64, 1100)),
      }),
      { maxLength: 12 },
    ),
    root: fc.nat(200),
  })
  .map(({ parts, root }) => {
    const patches: SpanPatch[] = [];
    let at = 0;
    for (const { kind, argument, gap } of parts) {
      patches.push({ at: at + gap, kind, argument: kind === PatchKind.spanId ? argument : 0 });
      at += gap + PATCH_WIDTHS[kind];
    }
    const bytes = Buffer.from(Uint8Array.from({ length: at + 4 + root }, (_, i) => i % 251));
    patches.push({ at, kind: PatchKind.rootLength, argument: 0 });
    bytes.set([(root & 127) | 128, (root >> 7) | 128, 128, 0], at);
    return { bytes, patches };
  });

function scanned(bytes: Uint8Array): number {
  const from = put(kernel, slot, bytes);
  const options = { from, length: bytes.length, firstRecord: 0, maxRecordBytes: 200, final: true };
  return kernel.scanLines(slot, options).count;
}

function writeContexts(): void {
  for (let row = 0; row < SLOT_RECORDS; row++) {
    const at = row * ContextRow.size;
    for (let i = 0; i < ContextRow.size; i++) slot.contexts[at + i] = row * 7 + i;
  }
}

function contextOf(row: number) {
  const at = row * ContextRow.size;
  const part = (from: number, length: number) => slot.contexts.subarray(at + from, at + from + length);
  return { traceId: part(ContextRow.traceId, 16), spanId: part(ContextRow.spanId, 8) };
}

function writeBlobs(): void {
  for (let row = 0; row < SLOT_RECORDS; row++) {
    kernel.blobs.starts[row] = kernel.blobs.region.address + row;
    kernel.blobs.lengths[row] = [0, 3, 70, 200][row % 4]!;
  }
  kernel.blobs.region.bytes.fill(Buffer.from('0123456789abcdef!'), 0, SLOT_RECORDS + 200);
}

function twin(rows: readonly number[], options: SpanOptions, first: number): Buffer[] {
  return rows.map((row) => {
    const blobStart = kernel.blobs.starts[row]!;
    return encodeSpan(options.template, options, {
      row,
      size: slot.lengths[row]!,
      offset: options.from + slot.starts[row]! - slot.starts[first]!,
      context: contextOf(row),
      blob: options.useBlobs
        ? kernel.bytes.subarray(blobStart, blobStart + kernel.blobs.lengths[row]!)
        : NO_BLOB,
    });
  });
}

const optionsArbitrary = fc.record({
  seed: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  threshold: fc.oneof(
    fc.constantFrom(0n, 1n, 2n ** 55n, 2n ** 56n - 1n),
    fc.bigInt({ min: 0n, max: 2n ** 56n - 1n }),
  ),
  from: fc.oneof(fc.constantFrom(0, 127, 128, 2 ** 32, 2 ** 48), fc.nat(2 ** 53 - 2 ** 20)),
  template,
  useBlobs: fc.boolean(),
  checksum: fc.constant(null),
});

describe('encodeSpans', () => {
  writeBlobs();
  writeContexts();

  test('agrees with its twin on any template, ids, contexts, blobs and choice of records', () => {
    fc.assert(
      fc.property(
        logText,
        liveRows(SLOT_RECORDS),
        fc.nat(3),
        optionsArbitrary,
        (bytes, list, skipped, options) => {
          const count = scanned(bytes);
          const first = Math.min(skipped, count);
          const live = list?.filter((row) => row >= first && row < count) ?? null;
          const rows = live === null ? Array.from({ length: count - first }, (_, i) => first + i) : [...live];
          const wanted = twin(rows, options, first);
          const result = kernel.encodeSpans(
            { slot, first, count: count - first, live },
            options,
            kernel.spans,
          );
          expect(result).toEqual({
            rows: rows.length,
            bytes: wanted.reduce((sum, { length }) => sum + length, 0),
            register: 0,
          });
          expect(kernel.spans.bytes.subarray(0, result.bytes).equals(Buffer.concat(wanted))).toBe(true);
        },
      ),
      { numRuns: 300 },
    );
  });

  test('stops at the record that does not fit, and fits to the last byte', () => {
    const count = scanned(Buffer.from('one\ntwo\nthree\n'));
    const bytes = Buffer.alloc(100, 7);
    const patched = { bytes, patches: [{ at: 3, kind: PatchKind.spanId, argument: 0 }] };
    const options = { seed: 1n, threshold: 0n, from: 0, template: patched, checksum: null };
    const encode = (capacity: number, useBlobs: boolean) => {
      const out = { address: kernel.spans.address, capacity };
      return kernel.encodeSpans({ slot, first: 0, count, live: null }, { ...options, useBlobs }, out);
    };
    expect(encode(300, false)).toEqual({ rows: 3, bytes: 300, register: 0 });
    expect(encode(299, false)).toEqual({ rows: 2, bytes: 200, register: 0 });
    expect(encode(99, false)).toEqual({ rows: 0, bytes: 0, register: 0 });
    // Blobs of 0, 3 and 70 bytes.
    expect(encode(373, true)).toEqual({ rows: 3, bytes: 373, register: 0 });
    expect(encode(372, true)).toEqual({ rows: 2, bytes: 203, register: 0 });
  });

  test('takes the largest template and refuses a larger one', () => {
    const count = scanned(Buffer.from('one\ntwo\n'));
    const encode = (length: number) => {
      const patches = [{ at: length - 8, kind: PatchKind.spanId, argument: 0 }];
      const large = { bytes: Buffer.alloc(length, 7), patches };
      const options = { seed: 1n, threshold: 0n, from: 0, template: large, checksum: null };
      const selection = { slot, first: 0, count, live: null };
      kernel.encodeSpans(selection, { ...options, useBlobs: false }, kernel.spans);
      return kernel.spans.bytes.subarray(2 * length - 8, 2 * length);
    };
    expect(encode(MAX_TEMPLATE_BYTES)).toEqual(kernel.traceId({ prefix: 1n, seed: 1n }, 0n, 1).subarray(8));
    expect(() => encode(MAX_TEMPLATE_BYTES + 1)).toThrow(/a template of 262145 bytes .* shorten/);
  });
});
