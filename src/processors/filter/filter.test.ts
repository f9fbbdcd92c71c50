import { tmpdir } from 'node:os';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { feed, RecordingLog, TestStream } from '../../../test/fixtures/pipeline.ts';
import { FakeClock } from '../../component/fake-clock.ts';
import { BatchInFlight } from '../../dispatcher/batch-in-flight.ts';
import { Kernel } from '../../kernel/kernel.ts';
import { type Fields, Severity } from '../../record/batch.ts';
import type { Chunk } from '../../record/chunk.ts';
import { type FilterConfig, filterProcessor } from './index.ts';

const kernel = Kernel.create({ memoryBytes: 2 ** 20, slotBytes: 2 ** 16, slotRecords: 1000 });

function build(config: FilterConfig) {
  const context = {
    id: 'filter',
    log: new RecordingLog(),
    clock: new FakeClock(),
    kernel,
    stateDir: tmpdir(),
  };
  return filterProcessor.build(filterProcessor.schema.parse(config), context);
}

interface Given {
  readonly fields?: readonly (Fields | undefined)[];
  readonly severities?: readonly number[];
  readonly live?: readonly number[];
  /** In front of them in the batch, of another stream. */
  readonly before?: readonly string[];
}

/** The lines that are left. */
function run(config: FilterConfig, lines: readonly string[], given: Given = {}): string[] {
  const batches: BatchInFlight[] = [];
  const handle = (chunk: Chunk) => {
    const [batch] = batches;
    if (batch === undefined) {
      const first = new BatchInFlight(1, chunk.slot, 0);
      first.append(chunk);
      batches.push(first);
      return;
    }
    kernel.appendRecords(batch.slot, batch.bytes, batch.count, chunk.slot, chunk.bytes, chunk.count);
    batch.append(chunk);
    kernel.slots.give(chunk.slot);
  };
  const intake = { slots: kernel.slots, handle };
  if (given.before !== undefined) feed(kernel, intake, new TestStream('other'), given.before);
  feed(kernel, intake, new TestStream('a'), lines);
  const batch = batches[0]!;
  const segment = batch.segments.at(-1)!;
  if (given.fields) batch.fields = { at: (row) => given.fields![row - segment.first] };
  if (given.severities) {
    batch.hasSeverities = true;
    batch.slot.severities.set(given.severities, segment.first);
  }
  if (given.live) segment.live = Uint32Array.from(given.live, (row) => row + segment.first);
  build(config).process(batch, segment);
  const { starts, lengths } = batch.slot;
  const rows = segment.live ?? Uint32Array.from({ length: segment.count }, (_, i) => segment.first + i);
  const left = Array.from(rows, (row) =>
    kernel.bytes.toString('utf8', starts[row]!, starts[row]! + lengths[row]!),
  );
  kernel.slots.give(batch.slot);
  return left;
}

const LINES = ['GET /health', 'GET /', 'POST /health x', '', 'Ärger'];

test.each<[string, string[]]>([
  ['text contains "/health"', ['GET /', '', 'Ärger']],
  ['not text contains "/health"', ['GET /health', 'POST /health x']],
  ['text contains "/health" and text contains "POST"', ['GET /health', 'GET /', '', 'Ärger']],
  ['text contains "/health" or text contains "Är"', ['GET /', '']],
  ['text == ""', ['GET /health', 'GET /', 'POST /health x', 'Ärger']],
  ['text != "GET /"', ['GET /']],
  ['text matches /^GET/', ['POST /health x', '', 'Ärger']],
  ['text matches /get/i', ['POST /health x', '', 'Ärger']],
  ['text matches /^.rger$/', ['GET /health', 'GET /', 'POST /health x', '']],
  ['text contains "\\n"', LINES],
])('drop: %s', (drop, left) => {
  expect(run({ drop }, LINES)).toEqual(left);
});

test('keep removes what it does not hold for', () => {
  expect(run({ keep: 'text contains "/health"' }, LINES)).toEqual(['GET /health', 'POST /health x']);
});

test('a text is not found across two records', () => {
  expect(run({ drop: 'text contains "ab"' }, ['xa', 'bx', 'ab'])).toEqual(['xa', 'bx']);
});

test('only records of the segment are looked at, and only live ones', () => {
  const given = { before: ['a', 'a'], live: [0, 2, 3] };
  expect(run({ drop: 'text contains "a"' }, ['a1', 'a2', 'b3', 'a4'], given)).toEqual(['b3']);
});

test('where nothing is removed the selection stays as it was', () => {
  const { batch, segment } = segmentOf(['a', 'b']);
  build({ drop: 'text contains "x"' }).process(batch, segment);
  expect(segment.live).toBeNull();
  build({ keep: 'text matches /./' }).process(batch, segment);
  expect(segment.live).toBeNull();
  kernel.slots.give(batch.slot);
});

test.each<[string, string[]]>([
  ['level < warn', ['none', 'warn', 'warn3', 'error']],
  ['level <= warn', ['none', 'error']],
  ['level > warn', ['none', 'info', 'warn', 'warn3']],
  ['level >= warn', ['none', 'info']],
  ['level == warn', ['none', 'info', 'error']],
  ['level != warn', ['warn', 'warn3']],
  ['level == unknown', ['info', 'warn', 'warn3', 'error']],
  ['level != unknown', ['none']],
])('drop: %s', (drop, left) => {
  const lines = ['none', 'info', 'warn', 'warn3', 'error'];
  const severities = [0, Severity.info, Severity.warn, 15, Severity.error];
  expect(run({ drop }, lines, { severities })).toEqual(left);
});

test('without levels a comparison holds for none', () => {
  expect(run({ drop: 'level < fatal' }, ['a'])).toEqual(['a']);
});

test.each<[string, string[]]>([
  ['field.status >= 500', ['0', '1', '3', '4']],
  ['field.status == "200"', ['0', '1', '2', '4']],
  ['field.status == 200', ['1', '2', '3', '4']],
  ['field.status != 200', ['0']],
  ['field.status exists', ['1', '4']],
  ['field.user.name contains "dm"', ['0', '2', '3', '4']],
  ['field.user.name matches /^ad/', ['0', '2', '3', '4']],
  ['field.tags contains "x"', ['0', '1', '3', '4']],
  ['field.tags.0 == "x"', ['0', '1', '3', '4']],
  ['field.user.name.length exists', ['0', '1', '2', '3', '4']],
  ['field.constructor exists', ['0', '1', '2', '3', '4']],
  ['field.user.name == "admin" or field.status == 200', ['2', '3', '4']],
  ['text contains "2" and field.status >= 500', ['0', '1', '3', '4']],
])('drop: %s', (drop, left) => {
  const fields = [
    { status: 200 },
    { user: { name: 'admin' } },
    { status: 500, tags: ['x'] },
    { status: '200' },
    undefined,
  ];
  expect(run({ drop }, ['0', '1', '2', '3', '4'], { fields })).toEqual(left);
});

test('a row is parsed once, and only when it is still in question', () => {
  const { batch, segment } = segmentOf(['a0', 'b1', 'a2']);
  const asked: number[] = [];
  batch.fields = {
    at(row) {
      asked.push(row);
      return { x: 1, y: 2 };
    },
  };
  build({ drop: 'text contains "a" and field.x == 1 and field.y == 2 and not field.z exists' }).process(
    batch,
    segment,
  );
  expect(asked).toEqual([0, 2]);
  expect(Array.from(segment.live!)).toEqual([1]);
  kernel.slots.give(batch.slot);
});

test('finds the same records as a search of each one', () => {
  const line = fc.string({ unit: fc.constantFrom('a', 'b', 'ü'), maxLength: 6 });
  fc.assert(
    fc.property(
      fc.array(line, { minLength: 1, maxLength: 40 }),
      fc.string({ unit: fc.constantFrom('a', 'b', 'ü'), minLength: 1, maxLength: 3 }),
      fc.array(fc.nat(39)),
      (lines, needle, some) => {
        const live = [...new Set(some)].filter((row) => row < lines.length).toSorted((a, b) => a - b);
        const subset = live.length > 0 ? { live } : {};
        const among = live.length > 0 ? live.map((row) => lines[row]!) : lines;
        expect(run({ keep: `text contains "${needle}"` }, lines, subset)).toEqual(
          among.filter((text) => text.includes(needle)),
        );
      },
    ),
  );
});

test('an expression means what it says, however it is put together', () => {
  type Tree = { text: string; holds: (line: string) => boolean };
  const leaf = fc
    .constantFrom('a', 'b', 'c')
    .chain((letter) =>
      fc.constantFrom<Tree>(
        { text: `text contains "${letter}"`, holds: (line) => line.includes(letter) },
        { text: `text matches /^${letter}/`, holds: (line) => line.startsWith(letter) },
      ),
    );
  const { tree } = fc.letrec<{ tree: Tree }>((tie) => ({
    tree: fc.oneof(
      { maxDepth: 4 },
      leaf,
      tie('tree').map((part): Tree => ({ text: `not (${part.text})`, holds: (line) => !part.holds(line) })),
      fc.tuple(tie('tree'), tie('tree'), tie('tree')).map(
        ([a, b, c]): Tree => ({
          text: `(${a.text}) and ${b.text.includes(' or ') ? `(${b.text})` : b.text} and (${c.text})`,
          holds: (line) => a.holds(line) && b.holds(line) && c.holds(line),
        }),
      ),
      fc.tuple(tie('tree'), tie('tree')).map(
        ([a, b]): Tree => ({
          text: `${a.text} or (${b.text})`,
          holds: (line) => a.holds(line) || b.holds(line),
        }),
      ),
    ),
  }));
  const lines = fc.array(fc.string({ unit: fc.constantFrom('a', 'b', 'c', 'd'), maxLength: 4 }), {
    minLength: 1,
    maxLength: 20,
  });
  fc.assert(
    fc.property(tree, lines, ({ text, holds }, all) => {
      expect(run({ keep: text }, all)).toEqual(all.filter(holds));
      expect(run({ drop: text }, all)).toEqual(all.filter((line) => !holds(line)));
    }),
  );
});

test('counts what it let through and what it removed', () => {
  const { batch, segment } = segmentOf(['a', 'b', 'c']);
  const processor = build({ drop: 'text contains "a"' });
  processor.process(batch, segment);
  expect(processor.status!()).toEqual({ passed: 2, removed: 1 });
  kernel.slots.give(batch.slot);
});

test('says to people which filter it is', () => {
  expect(build({ drop: 'text contains "a"' }).label).toBe('filter (drop: text contains "a")');
});

test.each<[object, string]>([
  [{}, 'expected either drop or keep'],
  [{ drop: 'text contains "a"', keep: 'text contains "b"' }, 'expected either drop or keep'],
  [{ drop: 'text contains' }, 'expected a text in quotes at character 14'],
])('refuses %o', (config, message) => {
  expect(() => filterProcessor.schema.parse(config)).toThrow(message);
});

function segmentOf(lines: readonly string[]) {
  const batches: BatchInFlight[] = [];
  const handle = (chunk: Chunk) => {
    const batch = new BatchInFlight(1, chunk.slot, 0);
    batch.append(chunk);
    batches.push(batch);
  };
  feed(kernel, { slots: kernel.slots, handle }, new TestStream('a'), lines);
  const batch = batches[0]!;
  return { batch, segment: batch.segments[0]! };
}
