import fc from 'fast-check';
import { beforeEach, expect, test } from 'vitest';
import type { Context } from '../../component/spec.ts';
import { Kernel } from '../../kernel/kernel.ts';
import { RecordFlag } from '../../kernel/slot.ts';
import type { Batch } from '../../record/batch.ts';
import type { Segment } from '../../record/segment.ts';
import type { Stream } from '../../record/stream.ts';
import { parseJsonProcessor } from './index.ts';
import { MAX_DEPTH } from './parse-object.ts';

const kernel = Kernel.create({ memoryBytes: 4 * 2 ** 20, slotBytes: 2 ** 20, slotRecords: 1000 });
const slot = kernel.slots.take()!;
const stream: Stream = { id: 's', source: 's', sourceType: 'file', labels: {}, commit: () => {} };

beforeEach(() => {
  // What an earlier batch may have left.
  slot.severities.fill(99);
  slot.timestamps.fill(99n);
  slot.flags.fill(0);
});

/** A batch of one segment a text, each line a record. */
function batchOf(...texts: (string | Buffer)[]): Batch & { segments: Segment[] } {
  const segments: Segment[] = [];
  let bytes = 0;
  let count = 0;
  for (const text of texts) {
    const written = Buffer.from(text as string).copy(slot.bytes, bytes);
    const scan = kernel.scanLines(slot, {
      from: bytes,
      length: written,
      firstRecord: count,
      maxRecordBytes: 2 ** 18,
      final: true,
    });
    segments.push({
      stream,
      index: segments.length,
      first: count,
      count: scan.count,
      bytes: written,
      address: slot.address + bytes,
      readAt: 0,
      from: 0,
      position: written,
      live: null,
      rewritten: false,
      traced: null,
    } as Segment);
    bytes += written;
    count += scan.count;
  }
  return {
    id: 1,
    slot,
    segments,
    count,
    bytes,
    fields: null,
    hasSeverities: false,
    hasTimestamps: false,
    hasContexts: false,
    openedAt: 0,
    sealedAt: 0,
    processedAt: 0,
  };
}

function build(config: Record<string, unknown> = {}) {
  return parseJsonProcessor.build(parseJsonProcessor.schema.parse(config), { kernel } as Context);
}

/** Runs a processor on the batch's first segment. */
function run(batch: Batch, config: Record<string, unknown> = {}) {
  const processor = build(config);
  processor.process(batch, batch.segments[0]!);
  return processor;
}

const fieldsOf = (batch: Batch) => Array.from({ length: batch.count }, (_, row) => batch.fields!.at(row));
const severities = (batch: Batch) => [...slot.severities.subarray(0, batch.count)];
const timestamps = (batch: Batch) => [...slot.timestamps.subarray(0, batch.count)];

test('lines that are objects get their fields, level and time', () => {
  const batch = batchOf(
    '{"level":"warn","time":1795370711123,"n":{"a":[1]}}\n{"level":50,"ts":"2026-11-22T18:05:11Z"}\n',
  );
  const processor = run(batch);
  expect(fieldsOf(batch)).toEqual([
    { level: 'warn', time: 1795370711123, n: { a: [1] } },
    { level: 50, ts: '2026-11-22T18:05:11Z' },
  ]);
  expect(batch.hasSeverities).toBe(true);
  expect(severities(batch)).toEqual([13, 17]);
  expect(batch.hasTimestamps).toBe(true);
  expect(timestamps(batch)).toEqual([1_795_370_711_123_000_000n, 1_795_370_711_000_000_000n]);
  expect(processor.status!()).toEqual({ parsed: 2, unparsed: 0 });
});

test.each([
  '',
  ' ',
  'plain text',
  '{"a":1',
  '{"a":1}}',
  '{not json}',
  '[{"a":1}]',
  '"text"',
  '1',
  'null',
  '{',
  '}',
  '{"a":1} {"b":2}',
  '\u00a0{"a":1}',
])('the line %j passes on as text, flagged and counted', (line) => {
  const batch = batchOf(`${line}\n`);
  const processor = run(batch);
  expect(batch.fields!.at(0)).toBeUndefined();
  expect(slot.flags[0]! & RecordFlag.unparsed).toBe(RecordFlag.unparsed);
  expect(processor.status!()).toEqual({ parsed: 0, unparsed: 1 });
  expect(batch.hasSeverities || batch.hasTimestamps).toBe(false);
});

test('a broken line does not touch its neighbours', () => {
  const batch = batchOf('{"a":1}\n{"a":\n{"a":3}\n');
  run(batch);
  expect(fieldsOf(batch)).toEqual([{ a: 1 }, undefined, { a: 3 }]);
  expect([...slot.flags.subarray(0, 3)]).toEqual([0, RecordFlag.unparsed, 0]);
});

test('other flags of a record stay', () => {
  const batch = batchOf('{"a":\n');
  slot.flags[0] = RecordFlag.split;
  run(batch);
  expect(slot.flags[0]).toBe(RecordFlag.split | RecordFlag.unparsed);
});

test('blanks around an object are allowed', () => {
  const batch = batchOf(' \t{"a":1} \t\r\n');
  run(batch);
  expect(fieldsOf(batch)).toEqual([{ a: 1 }]);
});

test('columns are valid for records without level or time, of other segments too', () => {
  const batch = batchOf('plain\n', '{"x":1}\n{"level":"info","time":1795370711}\n', 'plain\n');
  build().process(batch, batch.segments[1]!);
  expect(severities(batch)).toEqual([0, 0, 9, 0]);
  expect(timestamps(batch)).toEqual([0n, 0n, 1_795_370_711_000_000_000n, 0n]);
});

test('a second segment keeps what the first one got', () => {
  const batch = batchOf('{"level":"info","time":1795370711}\n', '{"level":"error","time":1795370712}\n');
  const processor = build();
  for (const segment of batch.segments) processor.process(batch, segment);
  expect(severities(batch)).toEqual([9, 17]);
  expect(timestamps(batch)).toEqual([1_795_370_711_000_000_000n, 1_795_370_712_000_000_000n]);
  expect(fieldsOf(batch)).toEqual([
    { level: 'info', time: 1_795_370_711 },
    { level: 'error', time: 1_795_370_712 },
  ]);
});

test('fields that another processor has found stay', () => {
  const batch = batchOf('plain\n', '{"a":1}\n');
  batch.fields = [{ found: true }];
  build().process(batch, batch.segments[1]!);
  expect(fieldsOf(batch)).toEqual([{ found: true }, { a: 1 }]);
});

test('records of sources without parse_json have no fields, even if they are JSON', () => {
  const batch = batchOf('{"a":1}\n', '{"b":2}\n');
  build().process(batch, batch.segments[1]!);
  expect(fieldsOf(batch)).toEqual([undefined, { b: 2 }]);
});

test('records that were filtered out are left alone', () => {
  const batch = batchOf('{"a":1}\nbroken\n{"a":3}\n');
  batch.segments[0]!.live = Uint32Array.of(2);
  const processor = run(batch);
  expect(fieldsOf(batch)).toEqual([undefined, undefined, { a: 3 }]);
  expect(slot.flags[1]).toBe(0);
  expect(processor.status!()).toEqual({ parsed: 1, unparsed: 0 });
});

test('records whose text a processor has put elsewhere are read from there', () => {
  const batch = batchOf('{"a":1}\n');
  const elsewhere = kernel.slots.take()!;
  slot.starts[0] = elsewhere.address;
  slot.lengths[0] = elsewhere.bytes.write('{"b":22}');
  run(batch);
  kernel.slots.give(elsewhere);
  expect(fieldsOf(batch)).toEqual([{ b: 22 }]);
});

test.each([
  [{ level_key: 'sev' }, { hasSeverities: true, hasTimestamps: true }],
  [
    { level_key: 'missing', time_key: 'missing' },
    { hasSeverities: false, hasTimestamps: false },
  ],
  [
    { level_key: '', time_key: '' },
    { hasSeverities: false, hasTimestamps: false },
  ],
])('the configuration %j decides where level and time are looked for', (config, expected) => {
  const batch = batchOf('{"level":"info","sev":"fatal","time":1795370711,"at":1}\n');
  run(batch, config);
  expect({ hasSeverities: batch.hasSeverities, hasTimestamps: batch.hasTimestamps }).toEqual(expected);
});

test('a configured key replaces the usual ones', () => {
  const batch = batchOf('{"level":"info","sev":"fatal"}\n');
  run(batch, { level_key: 'sev' });
  expect(severities(batch)).toEqual([21]);
});

test('keys of Object.prototype are harmless', () => {
  const batch = batchOf('{"__proto__":{"level":"fatal","polluted":1},"constructor":1}\n{"a":1}\n');
  run(batch, { level_key: 'toString', time_key: 'constructor' });
  expect(batch.hasSeverities).toBe(false);
  expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  expect(Object.getPrototypeOf(batch.fields!.at(0))).toBe(Object.prototype);
  expect(Object.hasOwn(batch.fields!.at(0)!, '__proto__')).toBe(true);
});

test('a level hidden behind __proto__ is not taken for one', () => {
  const batch = batchOf('{"__proto__":{"level":"fatal"}}\n');
  run(batch);
  expect(batch.hasSeverities).toBe(false);
});

test('text outside ASCII is read as UTF-8, broken bytes as U+FFFD', () => {
  const batch = batchOf(
    Buffer.concat([Buffer.from('{"a":"Zoë 佐藤 🙂","b":"'), Buffer.of(0xff), Buffer.from('"}\n')]),
  );
  run(batch);
  expect(fieldsOf(batch)).toEqual([{ a: 'Zoë 佐藤 🙂', b: '\ufffd' }]);
});

test('nesting up to the limit is parsed, beyond it the line passes on as text', () => {
  const nested = (depth: number) =>
    `{"a":${'['.repeat(depth - 1)}${']'.repeat(depth - 1)},"b":"${'x'.repeat(2000)}"}`;
  const batch = batchOf(`${nested(MAX_DEPTH)}\n${nested(MAX_DEPTH + 1)}\n${nested(50_000)}\n`);
  const processor = run(batch);
  expect(processor.status!()).toEqual({ parsed: 1, unparsed: 2 });
  expect(batch.fields!.at(0)).toBeDefined();
});

test('any object that JSON can write arrives as its fields, and no text makes it throw', () => {
  const object = fc.dictionary(fc.string(), fc.jsonValue()).map((value) => JSON.stringify(value));
  const text = fc.string({ unit: 'binary' }).map((value) => value.replaceAll('\n', ' '));
  fc.assert(
    fc.property(fc.array(fc.oneof(object, text), { maxLength: 20 }), (lines) => {
      const batch = batchOf(lines.map((line) => `${line}\n`).join(''));
      run(batch);
      for (const [row, line] of lines.entries()) {
        expect(batch.fields!.at(row)).toEqual(parseOrUndefined(line.toWellFormed()));
      }
    }),
  );
});

/** The obvious way. */
function parseOrUndefined(line: string): unknown {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
