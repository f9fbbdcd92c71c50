import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MAX_CHECKED_BYTES } from './layout.ts';
import { RecordChecksums, recordChecksum } from './record-checksum.ts';
import { PATCH_WIDTHS, PatchKind } from './span-template.ts';
import { put, smallKernel } from './twins/fixture.ts';

const kernel = smallKernel({ spanBytes: 2 ** 18 });
const slot = kernel.slots.take()!;

/** Records of lines, from a template with these patches one after the other, and its bytes in between. */
function encoded(
  lines: number,
  patches: readonly { kind: number; gap: number }[],
  end: number,
  seed: bigint,
) {
  const text = Buffer.from(Array.from({ length: lines }, (_, i) => `${'x'.repeat(i % 90)}\n`).join(''));
  const from = put(kernel, slot, text);
  const scan = { from, length: text.length, firstRecord: 0, maxRecordBytes: 200, final: true };
  const { count } = kernel.scanLines(slot, scan);
  let at = 0;
  const places = patches.map(({ kind, gap }) => {
    const place = { at: at + gap, kind: kind as 0, argument: 0 };
    at = place.at + PATCH_WIDTHS[place.kind];
    return place;
  });
  const bytes = Buffer.from(Uint8Array.from({ length: at + end }, (_, i) => (i * 31) % 256));
  const stretches = places.flatMap(({ at: place, kind }) => {
    const width = PATCH_WIDTHS[kind];
    const parts: { at: number; bytes: { behind: number; placeholder: number }[][] }[] = [];
    for (let part = 0; part < width; part += 8) {
      const indexes = Array.from({ length: Math.min(8, width - part) }, (_, i) => place + part + i);
      const behind = indexes.map((i) => [{ behind: bytes.length - 1 - i, placeholder: bytes[i]! }]);
      parts.push({ at: place + part, bytes: behind });
    }
    return parts;
  });
  const record = recordChecksum(bytes.length, stretches);
  const constant = ~crc32(bytes, 0xffffffff) >>> 0;
  const result = kernel.encodeSpans(
    { slot, first: 0, count, live: null },
    {
      seed,
      threshold: 0n,
      from: 77,
      template: { bytes, patches: places },
      useBlobs: false,
      checksum: { record, constant, register: 0 },
    },
    kernel.spans,
  );
  return { ...result, written: kernel.spans.bytes.subarray(0, result.bytes) };
}

test('the kernel computes the CRC of what it writes from the bytes that differ', () => {
  const kinds = fc.constantFrom(PatchKind.spanId, PatchKind.size, PatchKind.offset, PatchKind.uid);
  const parts = fc.array(fc.record({ kind: kinds, gap: fc.nat(40) }), { maxLength: 5 });
  const seeds = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 60 }), parts, fc.nat(300), seeds, (lines, patches, end, seed) => {
      const { register, written } = encoded(lines, patches, end + 1, seed);
      expect(register).toBe(~crc32(written, 0xffffffff) >>> 0);
    }),
  );
});

test('more bytes than there are tables for are refused', () => {
  const uids = Array.from({ length: 1 + Math.ceil(MAX_CHECKED_BYTES / 12) }, () => ({
    kind: PatchKind.uid,
    gap: 0,
  }));
  expect(() => encoded(3, uids, 1, 1n)).toThrow(/bytes to check; at most 64/);
});

test('those used last are kept, for every template with the same distances', () => {
  const checksums = new RecordChecksums();
  const places = (behind: number) => [
    { at: 0, bytes: Array.from({ length: 4 }, () => [{ behind, placeholder: 0 }]) },
  ];
  const get = (behind: number) => checksums.get(String(behind), 200, places(behind));
  const first = get(0);
  for (let behind = 1; behind < 128; behind++) get(behind);
  expect(get(0)).toBe(first);
  const second = get(1);
  for (let behind = 128; behind < 255; behind++) get(behind);
  expect(get(1)).toBe(second);
  expect(get(0)).not.toBe(first);
});
