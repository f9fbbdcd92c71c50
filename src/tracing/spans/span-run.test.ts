import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { RecordChecksums } from '../../kernel/record-checksum.ts';
import { uniformPlaces } from '../../kernel/span-encoder.ts';
import { put, smallKernel } from '../../kernel/twins/fixture.ts';
import type { Stream } from '../../record/stream.ts';
import { Annotations } from './annotate.ts';
import { deflateTemplate } from './deflated-template.ts';
import { LogCell, type LogShape } from './log-shape.ts';
import { buildLogTemplate } from './log-spans.ts';
import {
  deflatedBound,
  encodeDeflated,
  encodePlain,
  plainSpans,
  type RunSource,
  sharesPositions,
} from './span-run.ts';
import { Cells, fill, type Template } from './span-template.ts';

const kernel = smallKernel({ spanBytes: 2 ** 20, slotBytes: 2 ** 15 });
const slot = kernel.slots.take()!;
const text = Buffer.from(Array.from({ length: 200 }, (_, i) => `${'log '.repeat(i % 37)}\n`).join(''));
const from = put(kernel, slot, text);
const scan = { from, length: text.length, firstRecord: 0, maxRecordBytes: 2 ** 14, final: true };
const { count: LINES } = kernel.scanLines(slot, scan);
for (let i = 0; i < slot.contexts.length; i++) slot.contexts[i] = (i * 61) % 256;

const stream: Stream = { id: '/var/log/a.log', source: 'a', sourceType: 'file', labels: {}, commit() {} };
const annotations = new Annotations({ attributes: {}, fields: [], maxLength: 100, redact: [] } as never);
const checksums = new RecordChecksums();

const COMPACT: LogShape = {
  mode: 'full-e2e',
  reason: 'mode',
  traceState: 'ot=th:0',
  note: '',
  outcome: 'delivered',
  failure: null,
  stages: 'scope',
  scoped: true,
  joined: false,
  processed: false,
  located: true,
  sends: [],
};
const HYBRID = { mode: 'hybrid', scoped: false, traceState: 'ot=th:c' } as const;
const sendsOf = (count: number, failure: string | null = null) =>
  Array.from({ length: count }, (_, i) => ({ sink: `sink-${i}`, attempts: 1, failure }));

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
  .map(({ sinks, ...shape }) => ({
    ...COMPACT,
    ...shape,
    note: 'OPS-1',
    stages: shape.joined ? 'events' : shape.stages,
    sends: sendsOf(sinks),
  }));

interface Options {
  readonly linked: boolean;
  readonly excluded: readonly string[];
}

const options: fc.Arbitrary<Options> = fc.record({
  linked: fc.boolean(),
  excluded: fc.subarray(['dispatcher.queue', 'processor.run', 'sink.sink-0.send']),
});

function built(shape: LogShape, { linked, excluded }: Options = { linked: true, excluded: [] }): Template {
  return buildLogTemplate(stream, shape, { annotations, writes: (name) => !excluded.includes(name), linked });
}

/** Fills what differs between batches. */
function refill(template: Template, number: number): void {
  const cells = new Cells(LogCell.sends + 40);
  for (let i = 0; i < cells.words.length; i++) cells.words[i] = (i + 1) * 0x9e3779b1 * number;
  fill(template, cells);
}

/** The same run as it is and compressed, in another batch than that in which the compressed form was made. */
function both(source: RunSource, template: Template) {
  refill(template, 1);
  const deflated = deflateTemplate(template, checksums)!;
  refill(template, 3);
  const records = source.selection.live?.length ?? source.selection.count;
  const plainBytes = records * template.bytes.length;
  encodePlain(kernel, source, template, false, { at: 0, capacity: plainBytes });
  const plain = Buffer.from(kernel.spans.bytes.subarray(0, plainBytes));
  const capacity = deflatedBound(records, template.bytes.length, deflated);
  const run = encodeDeflated(kernel, source, { template, deflated }, { at: 64, capacity });
  expect(run.bytes).toBeLessThanOrEqual(capacity);
  const bytes = Buffer.from(kernel.spans.bytes.subarray(64, 64 + run.bytes));
  return { plain, compressed: { bytes, deflated: run.deflated } };
}

describe('a compressed run', () => {
  test('is the same spans, with their length and checksum, whatever the shape and the logs', () => {
    const rows = fc.oneof(
      fc.record({
        first: fc.nat(50),
        count: fc.integer({ min: 2, max: LINES - 50 }),
        live: fc.constant(null),
      }),
      fc
        .subarray(
          Array.from({ length: LINES }, (_, i) => i),
          { minLength: 2 },
        )
        .map((list) => ({ first: 0, count: LINES, live: Uint32Array.from(list) })),
    );
    const sources = fc.record({
      selection: rows.map((selected) => ({ slot, ...selected })),
      seed: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
      threshold: fc.constantFrom(0n, 2n ** 55n),
      from: fc.nat(2 ** 40),
    });
    fc.assert(
      fc.property(shapes, options, sources, (shape, given, source) => {
        fc.pre(sharesPositions(source));
        const { plain, compressed } = both(source, built(shape, given));
        expect(plainSpans(compressed).equals(plain)).toBe(true);
        expect(compressed.deflated).toEqual({
          length: plain.length,
          register: ~crc32(plain, 0xffffffff) >>> 0,
        });
      }),
      { numRuns: 400 },
    );
  });

  test.each([
    ['compact', { stages: 'scope' }],
    ['waterfall', { stages: 'spans' }],
    ['joined', { stages: 'scope', joined: true, traceState: '' }],
    ['hybrid, compact', { ...HYBRID, stages: 'events' }],
    ['hybrid, waterfall', { ...HYBRID, stages: 'spans' }],
    ['hybrid, joined', { ...HYBRID, stages: 'events', joined: true, traceState: '' }],
  ] as const)('of most logs (%s) is encoded by the loop for uniform ones', (_, shape) => {
    const template = built({ ...COMPACT, ...shape, sends: sendsOf(1) });
    const deflated = deflateTemplate(template, checksums)!;
    const checksum = { record: deflated.checksum(), constant: 0, register: 0 };
    const places = uniformPlaces({ template: deflated, useBlobs: false, checksum })!;
    expect(places.joined !== null).toBe('joined' in shape);
    expect(places.uid > 0).toBe('scoped' in shape);
  });

  test('has less than half the bytes', () => {
    const selection = { slot, first: 0, count: LINES, live: null };
    const { plain, compressed } = both({ selection, seed: 7n, threshold: 0n, from: 0 }, built(COMPACT));
    expect(compressed.bytes.length).toBeLessThan(plain.length / 2);
  });
});

test.each([
  ['ends where the low 28 bits of positions do', 2 ** 28 - 1 - (slot.starts[5]! - slot.starts[3]!), true],
  ['begins where they do', 2 ** 28, true],
  ['goes beyond', 2 ** 28 - 1, false],
])('a run that %s', (_, from, shared) => {
  const [first, last] = [3, 5];
  const selection = { slot, first, count: last - first + 1, live: null };
  expect(sharesPositions({ selection, seed: 1n, threshold: 0n, from })).toBe(shared);
  // Rows that are not in it do not count.
  const one = { ...selection, live: Uint32Array.of(last) };
  expect(sharesPositions({ selection: one, seed: 1n, threshold: 0n, from })).toBe(true);
});

test('spans that are too large to be copied from are not compressed', () => {
  const failure = 'x'.repeat(15_000);
  const template = built({ ...COMPACT, stages: 'spans', scoped: false, failure, sends: sendsOf(3, failure) });
  expect(template.bytes.length).toBeGreaterThan(32_768);
  expect(deflateTemplate(template, checksums)).toBeNull();
});
