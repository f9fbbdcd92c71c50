import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { put, smallKernel } from '../../kernel/twins/fixture.ts';
import type { Stream } from '../../record/stream.ts';
import { Annotations } from './annotate.ts';
import { deflateTemplate } from './deflated-template.ts';
import { LogCell, type LogShape } from './log-shape.ts';
import { buildLogTemplate } from './log-spans.ts';
import { deflatedBound, encodeDeflated, encodePlain, plainSpans, type RunSource } from './span-run.ts';
import { Cells, fill, type Template } from './span-template.ts';

const kernel = smallKernel({ spanBytes: 2 ** 20, slotBytes: 2 ** 15 });
const slot = kernel.slots.take()!;
const text = Buffer.from(Array.from({ length: 200 }, (_, i) => `${'log '.repeat(i % 37)}\n`).join(''));
const scan = {
  from: put(kernel, slot, text),
  length: text.length,
  firstRecord: 0,
  maxRecordBytes: 2 ** 14,
  final: true,
};
const { count: LINES } = kernel.scanLines(slot, scan);
for (let i = 0; i < slot.contexts.length; i++) slot.contexts[i] = (i * 61) % 256;

const stream: Stream = { id: '/var/log/a.log', source: 'a', sourceType: 'file', labels: {}, commit() {} };
const annotations = new Annotations({ attributes: {}, fields: [], maxLength: 100, redact: [] } as never);

const shapes: fc.Arbitrary<LogShape> = fc
  .record({
    stages: fc.constantFrom('spans' as const, 'events' as const, 'scope' as const),
    scoped: fc.boolean(),
    joined: fc.boolean(),
    processed: fc.boolean(),
    located: fc.boolean(),
    sinks: fc.integer({ min: 0, max: 13 }),
    traceState: fc.constantFrom('', 'ot=th:c'),
    failure: fc.constantFrom(null, 'x'.repeat(400)),
  })
  .map(({ sinks, failure, ...shape }) => ({
    ...shape,
    mode: 'hybrid',
    reason: 'base_rate',
    note: 'OPS-1',
    outcome: 'delivered',
    failure,
    stages: shape.joined ? 'events' : shape.stages,
    sends: Array.from({ length: sinks }, (_, i) => ({ sink: `sink-${i}`, attempts: 1, failure: null })),
  }));

function built(shape: LogShape): Template {
  const template = buildLogTemplate(stream, shape, { annotations, writes: () => true, linked: true });
  const cells = new Cells(LogCell.sends + 40);
  for (let i = 0; i < cells.words.length; i++) cells.words[i] = (i + 1) * 0x9e3779b1;
  fill(template, cells);
  return template;
}

/** The same run as it is and compressed. */
function both(source: RunSource, template: Template) {
  const records = source.selection.live?.length ?? source.selection.count;
  const plainBytes = records * template.bytes.length;
  encodePlain(kernel, source, template, false, { at: 0, capacity: plainBytes });
  const plain = Buffer.from(kernel.spans.bytes.subarray(0, plainBytes));
  const deflated = deflateTemplate(template, source.threshold === 0n)!;
  const capacity = deflatedBound(records, template.bytes.length, deflated);
  const run = encodeDeflated(kernel, source, { template, deflated }, { at: 64, capacity });
  expect(run.bytes).toBeLessThanOrEqual(capacity);
  const bytes = Buffer.from(kernel.spans.bytes.subarray(64, 64 + run.bytes));
  return { plain, compressed: { bytes, deflated: run.deflated } };
}

describe('a compressed run', () => {
  test('is the same spans, with their length and checksum, whatever the shape and the logs', () => {
    const rows = fc.oneof(
      fc.integer({ min: 1, max: LINES }).map((count) => ({ first: 0, count, live: null })),
      fc.record({
        first: fc.nat(50),
        count: fc.integer({ min: 1, max: LINES - 50 }),
        live: fc.constant(null),
      }),
      fc
        .subarray(
          Array.from({ length: LINES }, (_, i) => i),
          { minLength: 1 },
        )
        .map((list) => ({ first: 0, count: LINES, live: Uint32Array.from(list) })),
    );
    const seeds = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
    const thresholds = fc.constantFrom(0n, 2n ** 55n);
    fc.assert(
      fc.property(
        shapes,
        rows,
        seeds,
        thresholds,
        fc.oneof(fc.nat(2 ** 40), fc.integer({ min: 2 ** 28 - 5000, max: 2 ** 28 })),
        (shape, selected, seed, threshold, from) => {
          const source: RunSource = { selection: { slot, ...selected }, seed, threshold, from };
          const { plain, compressed } = both(source, built(shape));
          expect(plainSpans(compressed).equals(plain)).toBe(true);
          expect(compressed.deflated).toEqual({
            length: plain.length,
            register: ~crc32(plain, 0xffffffff) >>> 0,
          });
        },
      ),
      { numRuns: 300 },
    );
  });

  test('has less than half the bytes', () => {
    const shape = { stages: 'scope', scoped: true, joined: false, located: true, sends: [] } as const;
    const template = built({
      ...shape,
      mode: 'full-e2e',
      reason: 'mode',
      outcome: 'delivered',
      failure: null,
      note: '',
      traceState: 'ot=th:0',
      processed: false,
    });
    const selection = { slot, first: 0, count: LINES, live: null };
    const { plain, compressed } = both({ selection, seed: 7n, threshold: 0n, from: 0 }, template);
    expect(compressed.bytes.length).toBeLessThan(plain.length / 2);
  });
});

test('spans that are too large to be copied from are not compressed', () => {
  const failure = 'x'.repeat(15_000);
  const sends = Array.from({ length: 3 }, (_, i) => ({ sink: `s${i}`, attempts: 1, failure }));
  const shape = { stages: 'spans', scoped: false, joined: false, located: true, sends } as const;
  const template = built({
    ...shape,
    mode: 'hybrid',
    reason: 'base_rate',
    outcome: 'dropped',
    failure,
    note: '',
    traceState: '',
    processed: false,
  });
  expect(template.bytes.length).toBeGreaterThan(32_768);
  expect(deflateTemplate(template, true)).toBeNull();
});
