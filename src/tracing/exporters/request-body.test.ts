import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { deflated, tracesRun } from '../../../test/stubs/spans.ts';
import { plainSpans } from '../spans/span-run.ts';
import type { Message } from './otlp-request.ts';
import { RequestBodies } from './request-body.ts';
import type { EncodedSpans } from './transport.ts';

const whole = (message: Message, compression: 'none' | 'auto' | 'gzip') =>
  new RequestBodies(compression, 1).make(message);

/** Bytes of any content; some larger than a stored block may be. */
const parts = fc.array(
  fc
    .record({
      size: fc.oneof(fc.nat(200), fc.constantFrom(65_535, 65_536, 140_000)),
      form: fc.constantFrom('bytes', 'spans', 'compressed'),
    })
    .map(({ size, form }): Buffer | EncodedSpans => {
      if (form === 'compressed') return deflated(tracesRun(1 + (size % 50)));
      const bytes = Buffer.from(Uint8Array.from({ length: size }, (_, i) => (i * 7919) >> 5));
      return form === 'spans' ? { bytes, deflated: null, spans: 1, scope: null } : bytes;
    }),
  { maxLength: 6 },
);
const bytesOf = (part: Buffer | EncodedSpans) => (Buffer.isBuffer(part) ? part : plainSpans(part));

test.each(['none', 'auto', 'gzip'] as const)('%s: the parts, one behind the other', async (compression) => {
  await fc.assert(
    fc.asyncProperty(parts, async (all) => {
      const message = Buffer.concat(all.map(bytesOf));
      const { bytes, encoding } = await whole({ parts: all, length: message.length }, compression);
      expect((encoding === 'gzip' ? gunzipSync(bytes) : bytes).equals(message)).toBe(true);
      const isCompressed = all.some((part) => !Buffer.isBuffer(part) && part.deflated !== null);
      const gzips = { none: false, auto: isCompressed, gzip: true }[compression];
      expect(encoding).toBe(gzips ? 'gzip' : 'identity');
    }),
    { numRuns: 40 },
  );
});

test('gzip compresses what is not compressed yet, auto does not', async () => {
  const [run, other] = [tracesRun(2000), deflated(tracesRun(1))];
  const message = { parts: [run, other], length: run.bytes.length + other.deflated!.length };
  expect((await whole(message, 'gzip')).bytes.length).toBeLessThan(run.bytes.length / 2);
  expect((await whole(message, 'auto')).bytes.length).toBeGreaterThan(run.bytes.length);
});

test('memory is used again for the next body, when it is large enough', async () => {
  const bodies = new RequestBodies('none', 1);
  const make = (size: number) => bodies.make({ parts: [Buffer.alloc(size, 1)], length: size });
  const first = await make(1000);
  bodies.give(first);
  const second = await make(1100);
  const memory = first.bytes.buffer;
  expect(second.bytes.buffer).toBe(memory);
  expect(second.bytes).toEqual(Buffer.alloc(1100, 1));
  expect((await make(100)).bytes.buffer).not.toBe(memory);
  bodies.give(second);
  expect((await make(100_000)).bytes.buffer).not.toBe(memory);
});
