import { closeSync, openSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { PassThrough, type Readable } from 'node:stream';
import fc from 'fast-check';
import { beforeEach, expect, test } from 'vitest';
import { FakeClock } from '../../component/fake-clock.ts';
import { type Intake, type SourceContext, SourceReplaced } from '../../component/source.ts';
import { Kernel } from '../../kernel/kernel.ts';
import type { Chunk } from '../../record/chunk.ts';
import { StdinSource, standardInput } from './index.ts';

const kernel = Kernel.create({ memoryBytes: 4 * 2 ** 20, slotBytes: 16 * 1024, slotRecords: 200 });

let records: string[];
let chunks: Chunk[];
let stop: AbortController;
let warnings: object[];

beforeEach(() => {
  warnings = [];
  records = [];
  chunks = [];
  stop = new AbortController();
});

const intake: Intake = {
  slots: kernel.slots,
  handle(chunk) {
    for (let record = 0; record < chunk.count; record++) {
      const start = chunk.slot.starts[record]!;
      records.push(kernel.bytes.toString('latin1', start, start + chunk.slot.lengths[record]!));
    }
    chunks.push(chunk);
    chunk.slot.bytes.fill(0x58, 0, chunk.bytes);
    kernel.slots.give(chunk.slot);
  },
};

function source(input: PassThrough | (() => Readable)): StdinSource {
  const ignore = () => {};
  const context: SourceContext = {
    id: 'in',
    labels: { a: 'b' },
    log: { debug: ignore, info: ignore, warn: (fields) => warnings.push(fields), error: ignore },
    clock: new FakeClock(),
    kernel,
    stateDir: '/nowhere',
    positions: { get: ignore, entries: () => [], set: ignore, delete: ignore },
  };
  return new StdinSource(
    { max_line_bytes: 4096 },
    context,
    typeof input === 'function' ? input : () => input,
  );
}

async function run(pieces: readonly (string | Buffer)[]): Promise<StdinSource> {
  const input = new PassThrough();
  const stdin = source(input);
  const running = stdin.run(intake, stop.signal);
  for (const piece of pieces) {
    input.write(piece);
    await new Promise((resolve) => setImmediate(resolve));
  }
  input.end();
  await running;
  return stdin;
}

test('lines arrive whole however they were written, the last one without its end too', async () => {
  const stdin = await run(['on', 'e\ntwo\nth', 'ree']);
  expect(records).toEqual(['one', 'two', 'three']);
  expect(chunks.at(-1)).toMatchObject({ from: 8, position: 13, stream: { id: 'stdin', source: 'in' } });
  expect(stdin.status()).toMatchObject({ state: 'done', streams: [{ position: 13, size: 13 }] });
});

test('empty input is no record', async () => {
  await run([]);
  expect(chunks).toEqual([]);
});

test('any bytes in any pieces come out as their lines', async () => {
  const line = fc.stringMatching(/^[a-z]{0,300}$/);
  await fc.assert(
    fc.asyncProperty(
      fc.array(line, { maxLength: 400 }),
      fc.array(fc.nat(20_000), { maxLength: 8 }),
      async (lines, cuts) => {
        records = [];
        const text = lines.map((text) => `${text}\n`).join('');
        const at = [0, ...cuts.map((cut) => Math.min(cut, text.length)).sort((a, b) => a - b), text.length];
        await run(at.slice(1).map((end, index) => text.slice(at[index], end)));
        expect(records).toEqual(lines);
      },
    ),
    { numRuns: 60 },
  );
});

test('a long line is cut and counted', async () => {
  const stdin = await run(['x'.repeat(10_000), '\nnext\n']);
  expect(records.map((text) => text.length)).toEqual([4096, 4096, 1808, 4]);
  expect(stdin.status().details).toEqual({ lines_split: 2, bytes_lost: 0 });
});

test('one that takes the place of another goes on in the middle of a line', async () => {
  const input = new PassThrough();
  const running = source(input).run(intake, stop.signal);
  input.write('one\ntw');
  await new Promise((resolve) => setImmediate(resolve));
  stop.abort(new SourceReplaced('changed'));
  await running;
  const next = source(input).run(intake, new AbortController().signal);
  input.end('o\nthree\n');
  await next;
  expect(records).toEqual(['one', 'two', 'three']);
});

test('one that takes the place of another finds what had no room', async () => {
  const input = new PassThrough();
  const slots = Array.from({ length: kernel.slots.size }, () => kernel.slots.take()!);
  const running = source(input).run(intake, stop.signal);
  input.write('one\ntwo\n');
  await new Promise((resolve) => setImmediate(resolve));
  stop.abort(new SourceReplaced('changed'));
  await running;
  for (const slot of slots) kernel.slots.give(slot);
  const next = source(input).run(intake, new AbortController().signal);
  input.end('three\n');
  await next;
  expect(records).toEqual(['one', 'two', 'three']);
  expect(warnings).toEqual([]);
});

test('a stop does not wait for input that may never come; the unfinished line becomes a record', async () => {
  const input = new PassThrough();
  const stdin = source(input);
  const running = stdin.run(intake, stop.signal);
  input.write('unfinished');
  await new Promise((resolve) => setImmediate(resolve));
  stop.abort(new Error('stop'));
  await running;
  expect(records).toEqual(['unfinished']);
  expect(stdin.status()).toMatchObject({ state: 'stopped', details: { bytes_lost: 0 } });
  expect(kernel.slots.free).toBe(kernel.slots.size);
  expect(input.listenerCount('readable')).toBe(0);
});

test('a stop while it waits for a slot ends it, and what it holds is counted', async () => {
  const slots = Array.from({ length: kernel.slots.size }, () => kernel.slots.take()!);
  const input = new PassThrough();
  const stdin = source(input);
  const running = stdin.run(intake, stop.signal);
  input.write('one\ntw');
  await new Promise((resolve) => setImmediate(resolve));
  expect(stdin.status().state).toBe('waiting');
  stop.abort(new Error('stop'));
  await running;
  for (const slot of slots) kernel.slots.give(slot);
  expect(kernel.slots.free).toBe(kernel.slots.size);
  expect(stdin.status().details).toMatchObject({ bytes_lost: 6 });
  expect(warnings).toEqual([{ source: 'in', bytes: 6 }]);
});

test('what was read ahead is handed over at a stop, as far as there are slots', async () => {
  const line = `${'x'.repeat(1023)}\n`;
  const slots = Array.from({ length: kernel.slots.size }, () => kernel.slots.take()!);
  const input = new PassThrough({ highWaterMark: 2 ** 20 });
  const stdin = source(input);
  const running = stdin.run({ ...intake, handle: (chunk) => chunks.push(chunk) }, stop.signal);
  input.write(line);
  await new Promise((resolve) => setImmediate(resolve));
  input.write(line.repeat(40));
  await new Promise((resolve) => setImmediate(resolve));
  stop.abort(new Error('stop'));
  kernel.slots.give(slots.pop()!);
  kernel.slots.give(slots.pop()!);
  await running;
  for (const slot of [...slots, ...chunks.map((chunk) => chunk.slot)]) kernel.slots.give(slot);
  expect(chunks.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(32 * 1024);
  expect(stdin.status().details).toMatchObject({ bytes_lost: 9 * 1024 });
});

test('a directory as standard input is an error that says so', async () => {
  const fd = openSync(tmpdir(), 'r');
  const running = source(() => standardInput(fd)).run(intake, stop.signal);
  await expect(running).rejects.toThrow('standard input cannot be read (EISDIR)');
  closeSync(fd);
});

test('input that cannot be read is an error that says so', async () => {
  const input = new PassThrough();
  const running = source(input).run(intake, stop.signal);
  input.destroy(Object.assign(new Error('no'), { code: 'EISDIR' }));
  await expect(running).rejects.toThrow('standard input cannot be read (EISDIR)');
});
