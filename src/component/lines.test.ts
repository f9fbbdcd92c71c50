import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Bench, bench, deliver, never, type Part, stream } from '../../test/stubs/delivery.ts';
import type { Segment } from '../record/segment.ts';
import { LineEncoder, type LineFormat } from './lines.ts';

async function collect(workbench: Bench, parts: readonly Part[], format: LineFormat) {
  const pieces: [Segment, Buffer][] = [];
  const written: Buffer[] = [];
  let flushes = 0;
  await new LineEncoder({ ...workbench, format }).encode(deliver(workbench, parts), never, {
    piece: (segment, bytes) => pieces.push([segment, bytes]),
    flush: async () => {
      flushes++;
      for (const [, bytes] of pieces.splice(0)) written.push(Buffer.from(bytes));
    },
  });
  expect(workbench.kernel.outputs.free).toBe(workbench.kernel.outputs.size);
  return { bytes: Buffer.concat(written), pieces: written.length, flushes };
}

test('untouched segments are given as they lie in memory', async () => {
  const workbench = bench();
  const delivery = deliver(workbench, [{ text: 'a\r\nb\n' }]);
  const addresses: number[] = [];
  await new LineEncoder({ ...workbench, format: 'raw' }).encode(delivery, never, {
    piece: (_segment, bytes) => addresses.push(bytes.byteOffset),
    flush: async () => {},
  });
  expect(addresses).toEqual([delivery.segments[0]!.address]);
});

test('a last line without LF is not glued to the next segment', async () => {
  const { bytes } = await collect(bench(), [{ text: 'a\nb' }, { text: 'c\n' }], 'raw');
  expect(bytes.toString()).toBe('a\nb\nc\n');
});

test('filtered segments keep order and terminators of what is left', async () => {
  const parts = [{ text: '1\n' }, { text: 'a\r\nb\nc\nd', live: [0, 2, 3] }, { text: '2\n' }];
  const { bytes } = await collect(bench(), parts, 'raw');
  expect(bytes.toString()).toBe('1\na\r\nc\nd\n2\n');
});

test('records that fill several regions are flushed part by part, in order', async () => {
  const workbench = bench({ slotBytes: 65_536, slotRecords: 8192 });
  const lines = Array.from({ length: 8000 }, (_, i) => String(i));
  const wordy = stream({ labels: { note: 'x'.repeat(300) } });
  const { bytes, flushes } = await collect(
    workbench,
    [{ text: `${lines.join('\n')}\n`, stream: wordy }],
    'json',
  );
  const messages = bytes
    .toString()
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line).message);
  expect(messages).toEqual(lines);
  expect(flushes).toBeGreaterThan(1);
});

test('a record whose JSON is larger than a region still arrives', async () => {
  const workbench = bench({ slotBytes: 400_000, slotRecords: 16 });
  const line = '\u0001'.repeat(399_000);
  const { bytes } = await collect(workbench, [{ text: `${line}\n` }, { text: 'next\n' }], 'json');
  expect(
    bytes
      .toString()
      .trimEnd()
      .split('\n')
      .map((text) => JSON.parse(text).message),
  ).toEqual([line, 'next']);
});

test('waiting for a region ends when aborted', async () => {
  const workbench = bench();
  while (workbench.kernel.outputs.take() !== undefined);
  const abort = new AbortController();
  const encoding = new LineEncoder({ ...workbench, format: 'json' }).encode(
    deliver(workbench, [{ text: 'a\n' }]),
    abort.signal,
    { piece() {}, flush: async () => {} },
  );
  abort.abort(new Error('stopping'));
  await expect(encoding).rejects.toThrow('stopping');
});

test('raw bytes of any lines arrive as read, and no line touches another', async () => {
  const line = fc
    .uint8Array({ maxLength: 40 })
    .map((bytes) => Buffer.from(bytes.filter((byte) => byte !== 10)));
  const part = fc.record({ lines: fc.array(line, { minLength: 1, maxLength: 5 }), final: fc.boolean() });
  const workbenches = bench();
  await fc.assert(
    fc.asyncProperty(fc.array(part, { minLength: 1, maxLength: 5 }), async (parts) => {
      const texts = parts.map(({ lines, final }) => {
        const text = Buffer.concat(lines.flatMap((each) => [each, Buffer.from('\n')]));
        return final && lines.at(-1)!.length > 0 ? text.subarray(0, -1) : text;
      });
      const delivery = deliver(
        workbenches,
        texts.map((text) => ({ text, stream: stream() })),
      );
      const written: Buffer[] = [];
      await new LineEncoder({ ...workbenches, format: 'raw' }).encode(delivery, never, {
        piece: (_segment, bytes) => written.push(Buffer.from(bytes)),
        flush: async () => {},
      });
      workbenches.kernel.slots.give(delivery.batch.slot);
      expect(Buffer.concat(written)).toEqual(
        Buffer.concat(parts.flatMap(({ lines }) => lines.flatMap((each) => [each, Buffer.from('\n')]))),
      );
    }),
    { numRuns: 100 },
  );
});
