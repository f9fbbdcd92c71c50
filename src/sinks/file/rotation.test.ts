import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Bench, bench, deliver, never } from '../../../test/stubs/delivery.ts';
import { FileSink } from './file-sink.ts';
import { fileSink } from './index.ts';

let folder: string;
let stateDir: string;
let workbench: Bench;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'rotation-'));
  stateDir = mkdtempSync(join(tmpdir(), 'rotation-state-'));
  workbench = bench({ slotBytes: 16_384, stateDir });
});

afterEach(() => {
  rmSync(folder, { recursive: true });
  rmSync(stateDir, { recursive: true });
});

const sinkWith = (rotate: object) =>
  new FileSink(fileSink.schema.parse({ path: join(folder, 'x.log'), rotate }), workbench.context);

async function writeTo(sink: FileSink, text: string): Promise<void> {
  const delivery = deliver(workbench, [{ text }]);
  await sink.write(delivery, never);
  workbench.kernel.slots.give(delivery.batch.slot);
}

const block = (letter: string) => `${letter.repeat(999)}\n`;
const names = () => readdirSync(folder).toSorted();
const put = (name: string, data: string | Buffer) => writeFileSync(join(folder, name), data);

test('a file is set aside before it would grow beyond max_bytes, under the time of that moment', async () => {
  const sink = sinkWith({ max_bytes: '2KB', gzip: false });
  for (const letter of ['a', 'b', 'c']) await writeTo(sink, block(letter));
  await sink.close();
  expect(names()).toEqual(['x.log', 'x.log.2026-11-22T18-05-11.000Z']);
  expect(readFileSync(join(folder, 'x.log.2026-11-22T18-05-11.000Z'), 'utf8')).toBe(block('a') + block('b'));
});

test('a batch larger than max_bytes is written whole', async () => {
  const sink = sinkWith({ max_bytes: '1KiB', gzip: false });
  await writeTo(sink, block('a') + block('b'));
  await sink.close();
  expect(names()).toEqual(['x.log']);
});

test('files set aside in the same millisecond get numbers and overwrite nothing', async () => {
  const sink = sinkWith({ max_bytes: '1KiB', gzip: false, keep: 20 });
  const letters = 'abcdefghijklm'.split('');
  for (const letter of letters) await writeTo(sink, block(letter));
  await sink.close();
  const aside = names().filter((name) => name !== 'x.log');
  expect(aside).toHaveLength(12);
  expect(aside.map((name) => readFileSync(join(folder, name), 'utf8')[0]).toSorted()).toEqual(
    letters.slice(0, -1),
  );
});

test('only the newest keep files are left, whatever their numbers', async () => {
  const sink = sinkWith({ max_bytes: '1KiB', gzip: false, keep: 3 });
  for (const letter of 'abcdefghijklmn') await writeTo(sink, block(letter));
  await sink.close();
  const aside = names().filter((name) => name !== 'x.log');
  expect(aside.map((name) => readFileSync(join(folder, name), 'utf8')[0]).toSorted()).toEqual([
    'k',
    'l',
    'm',
  ]);
});

test('after the clock was set back, files set aside are still the youngest', async () => {
  put('x.log.2030-01-01T00-00-00.000Z', 'future\n');
  const sink = sinkWith({ max_bytes: '1KiB', gzip: false, keep: 2 });
  for (const letter of 'abc') await writeTo(sink, block(letter));
  await sink.close();
  expect(names()).toEqual(['x.log', 'x.log.2030-01-01T00-00-00.000Z-1', 'x.log.2030-01-01T00-00-00.000Z-2']);
});

test('interval sets a file aside at the first write past a multiple of it', async () => {
  const sink = sinkWith({ interval: '10s', gzip: false });
  await writeTo(sink, 'a\n');
  await workbench.clock.advance(8000);
  await writeTo(sink, 'b\n');
  expect(names()).toEqual(['x.log']);
  await workbench.clock.advance(1000);
  await writeTo(sink, 'c\n');
  await sink.close();
  expect(readFileSync(join(folder, 'x.log'), 'utf8')).toBe('c\n');
});

test('files set aside are compressed', async () => {
  const sink = sinkWith({ max_bytes: '1KiB' });
  await writeTo(sink, block('a'));
  await writeTo(sink, block('b'));
  await sink.close();
  expect(names()).toEqual(['x.log', 'x.log.2026-11-22T18-05-11.000Z.gz']);
  expect(gunzipSync(readFileSync(join(folder, names()[1]!))).toString()).toBe(block('a'));
  expect(sink.status()).toMatchObject({ rotated_files: 1, compressed_files: 1 });
});

test('what a crash left between two steps is finished at the next start', async () => {
  const [first, second, third] = ['01', '02', '03'].map((second) => `x.log.2026-11-22T18-00-${second}.000Z`);
  put(first!, 'one\n');
  put(`${first}.gz.tmp`, 'half');
  put(second!, 'two\n');
  put(`${second}.gz`, gzipSync('two\n'));
  put(`${third}.gz`, gzipSync('three\n'));
  put(`${third}.gz.tmp`, 'half');
  const sink = sinkWith({});
  await writeTo(sink, 'a\n');
  await sink.close();
  expect(names()).toEqual(['x.log', `${first}.gz`, `${second}.gz`, `${third}.gz`]);
  expect(gunzipSync(readFileSync(join(folder, `${first}.gz`))).toString()).toBe('one\n');
});

test('files of others beside ours are not touched', async () => {
  const foreign = ['x.log.1', 'x.log.gz', 'x.log.old', 'y.log.2026-11-22T18-00-01.000Z', 'x.log.tmp'];
  for (const name of foreign) put(name, 'keep me');
  const sink = sinkWith({ max_bytes: '1KiB', keep: 1 });
  for (const letter of 'abc') await writeTo(sink, block(letter));
  await sink.close();
  for (const name of foreign) expect(readFileSync(join(folder, name), 'utf8')).toBe('keep me');
});

test('a rotated file that cannot be compressed stays, and that is logged', async () => {
  const sink = sinkWith({ max_bytes: '1KiB' });
  // A folder stands where the compressed file would be written.
  const name = 'x.log.2026-11-22T18-00-01.000Z';
  put(name, 'one\n');
  mkdirSync(join(folder, `${name}.gz.tmp`));
  await writeTo(sink, 'a\n');
  await sink.close();
  expect(readFileSync(join(folder, name), 'utf8')).toBe('one\n');
  expect(workbench.logged).toMatchObject([
    { level: 'warn', message: expect.stringContaining('cannot tidy up') },
  ]);
});
