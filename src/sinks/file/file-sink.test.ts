import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Bench, bench, deliver, never, type Part, stream } from '../../../test/stubs/delivery.ts';
import { FileSink } from './file-sink.ts';
import { type FileSystem, type OpenFile, realFileSystem } from './file-system.ts';
import { fileSink } from './index.ts';

let folder: string;
let stateDir: string;
let workbench: Bench;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'file-sink-'));
  stateDir = mkdtempSync(join(tmpdir(), 'file-sink-state-'));
  workbench = bench({ stateDir });
});

afterEach(() => {
  rmSync(folder, { recursive: true });
  rmSync(stateDir, { recursive: true });
});

function sinkAt(path: string, options: object = {}, system?: FileSystem): FileSink {
  return new FileSink(
    fileSink.schema.parse({ path: join(folder, path), ...options }),
    workbench.context,
    system,
  );
}

async function writeTo(sink: FileSink, ...parts: (Part | string)[]): Promise<void> {
  const delivery = deliver(
    workbench,
    parts.map((part) => (typeof part === 'string' ? { text: part } : part)),
  );
  try {
    await sink.write(delivery, never);
  } finally {
    workbench.kernel.slots.give(delivery.batch.slot);
  }
}

const read = (name: string) => readFileSync(join(folder, name), 'latin1');

/** Disks that take only so many bytes before they are full. */
function smallDisk(budget: { bytes: number; code?: string }): FileSystem {
  const limited = (file: OpenFile): OpenFile => ({
    writev: async (buffers) => {
      const all = Buffer.concat([...buffers]);
      const taken = all.subarray(0, budget.bytes);
      if (taken.length === 0)
        throw Object.assign(new Error('write failed'), { code: budget.code ?? 'ENOSPC' });
      budget.bytes -= taken.length;
      return file.writev([taken]);
    },
    read: (...args) => file.read(...args),
    stat: () => file.stat(),
    truncate: (length) => file.truncate(length),
    datasync: () => file.datasync(),
    close: () => file.close(),
  });
  return { ...realFileSystem, open: async (path) => limited(await realFileSystem.open(path)) };
}

test('lines are appended as read, to one file for each source and path', async () => {
  const sink = sinkAt('{source}/{file}');
  const other = stream({ source: 'db', path: '/var/log/b.log' });
  await writeTo(sink, 'a\r\n\n', { text: 'x\n', stream: other }, 'b\n');
  await writeTo(sink, 'c\n');
  await sink.close();
  expect(read('app/app.log')).toBe('a\r\n\nb\nc\n');
  expect(read('db/b.log')).toBe('x\n');
  expect(sink.status()).toMatchObject({ records: 5, bytes: 10, open_files: 0 });
});

test('a last line without LF gets one', async () => {
  const sink = sinkAt('out');
  await writeTo(sink, 'a\nb', 'c\n');
  await sink.close();
  expect(read('out')).toBe('a\nb\nc\n');
});

test('filtered records are left out', async () => {
  const sink = sinkAt('out');
  await writeTo(sink, { text: 'a\nb\nc\n', live: [0, 2] });
  await sink.close();
  expect(read('out')).toBe('a\nc\n');
});

test('json writes one object a line', async () => {
  const sink = sinkAt('out', { format: 'json' });
  await writeTo(sink, { text: 'a\nb\n', severities: [9, 17] });
  await sink.close();
  expect(
    read('out')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line)),
  ).toMatchObject([
    { message: 'a', level: 'info' },
    { message: 'b', level: 'error' },
  ]);
});

test('an existing file is continued', async () => {
  writeFileSync(join(folder, 'out'), 'before\n');
  const sink = sinkAt('out');
  await writeTo(sink, 'after\n');
  await sink.close();
  expect(read('out')).toBe('before\nafter\n');
});

/** A run of the agent that is killed in the middle of a write. */
async function crash(whole: string, torn: string): Promise<void> {
  const sink = sinkAt('out');
  await writeTo(sink, whole);
  const memory = readFileSync(join(stateDir, 'out.files.json'));
  await sink.close();
  writeFileSync(join(stateDir, 'out.files.json'), memory);
  appendFileSync(join(folder, 'out'), torn);
}

test('a line torn by a crash is cut off before more is written, and that is logged', async () => {
  writeFileSync(join(folder, 'out'), 'before\n');
  await crash('whole\n', 'tor');
  const sink = sinkAt('out');
  await writeTo(sink, 'torn\n');
  await sink.close();
  expect(read('out')).toBe('before\nwhole\ntorn\n');
  expect(workbench.logged).toMatchObject([{ level: 'warn', fields: { bytes: 3 } }]);
});

test('an unfinished last line that somebody else left is kept and ended', async () => {
  writeFileSync(join(folder, 'out'), 'theirs\nunfinished');
  const sink = sinkAt('out');
  await writeTo(sink, 'a\n');
  await sink.close();
  appendFileSync(join(folder, 'out'), 'added by hand');
  const next = sinkAt('out');
  await writeTo(next, 'b\n');
  await next.close();
  expect(read('out')).toBe('theirs\nunfinished\na\nadded by hand\nb\n');
});

test('a file that took the place of ours after a crash is not cut', async () => {
  await crash('whole\n', '');
  writeFileSync(join(folder, 'new'), 'theirs, and longer than ours\nunfinished');
  renameSync(join(folder, 'new'), join(folder, 'out'));
  const sink = sinkAt('out');
  await writeTo(sink, 'a\n');
  await sink.close();
  expect(read('out')).toBe('theirs, and longer than ours\nunfinished\na\n');
});

test('a torn line longer than a batch can hold is not ours: it is kept and ended', async () => {
  const foreign = 'x'.repeat(5 * 1024 * 1024);
  await crash('whole\n', foreign);
  const sink = sinkAt('out');
  await writeTo(sink, 'a\n');
  await sink.close();
  expect(read('out')).toBe(`whole\n${foreign}\na\n`);
});

test.each(['', '{"files":', '[]', '{"version":1,"files":{"/x":null}}'])(
  'without a readable memory (%j) nothing is cut',
  async (memory) => {
    await crash('whole\n', 'tor');
    writeFileSync(join(stateDir, 'out.files.json'), memory);
    const sink = sinkAt('out');
    await writeTo(sink, 'torn\n');
    await sink.close();
    expect(read('out')).toBe('whole\ntor\ntorn\n');
  },
);

test('a state folder that cannot be written holds up nothing and is logged once', async () => {
  rmSync(stateDir, { recursive: true });
  const sink = sinkAt('{source}');
  await writeTo(sink, 'a\n', { text: 'b\n', stream: stream({ source: 'b' }) });
  await sink.close();
  expect([read('app'), read('b')]).toEqual(['a\n', 'b\n']);
  expect(workbench.logged).toMatchObject([{ level: 'warn' }]);
  mkdirSync(stateDir);
});

test('files that are closed or gone are forgotten', async () => {
  await crash('a\n', '');
  rmSync(join(folder, 'out'));
  const sink = sinkAt('{source}', { max_open_files: 1 });
  for (const source of ['x', 'y']) await writeTo(sink, { text: 'a\n', stream: stream({ source }) });
  const remembered = () =>
    Object.keys(JSON.parse(readFileSync(join(stateDir, 'out.files.json'), 'utf8')).files);
  expect(remembered()).toEqual([join(folder, 'y')]);
  await sink.close();
  expect(remembered()).toEqual([]);
});

test('a full disk leaves the file as it was, and the retry makes it whole', async () => {
  const budget = { bytes: 7 };
  const sink = sinkAt('out', {}, smallDisk(budget));
  await writeTo(sink, 'abc\n');
  await expect(writeTo(sink, 'def\nghi\n')).rejects.toMatchObject({
    name: 'RetryableError',
    reason: 'disk_full',
  });
  expect(read('out')).toBe('abc\n');
  budget.bytes = 100;
  await writeTo(sink, 'def\nghi\n');
  await sink.close();
  expect(read('out')).toBe('abc\ndef\nghi\n');
});

test('when one file of a delivery fails, the others are taken back', async () => {
  const budget = { bytes: 9 };
  const sink = sinkAt('{source}', {}, smallDisk(budget));
  const parts = [{ text: 'one\n' }, { text: 'two-two\n', stream: stream({ source: 'b' }) }];
  await expect(writeTo(sink, ...parts)).rejects.toMatchObject({ reason: 'disk_full' });
  expect([read('app'), read('b')]).toEqual(['', '']);
  budget.bytes = 100;
  await writeTo(sink, ...parts);
  await sink.close();
  expect([read('app'), read('b')]).toEqual(['one\n', 'two-two\n']);
});

test('what somebody else appended is never cut off; only the torn line is ended', async () => {
  const path = join(folder, 'out');
  const budget = { bytes: 3 };
  const disk = smallDisk(budget);
  const sink = sinkAt(
    'out',
    {},
    {
      ...disk,
      open: async (name) => {
        const file = await disk.open(name);
        return {
          ...file,
          writev: async (buffers) => {
            if (budget.bytes === 0) {
              appendFileSync(path, 'other\n');
              appendFileSync(path, 'half');
              budget.bytes = 1;
              throw Object.assign(new Error('full'), { code: 'ENOSPC' });
            }
            return file.writev(buffers);
          },
        };
      },
    },
  );
  await expect(writeTo(sink, 'abcd\n')).rejects.toMatchObject({ reason: 'disk_full' });
  expect(read('out')).toBe('abcother\nhalf\n');
});

test.skipIf(!existsSync('/dev/full'))('the full disk of the operating system is understood', async () => {
  const sink = new FileSink(fileSink.schema.parse({ path: '/dev/full' }), workbench.context);
  await expect(writeTo(sink, 'a\n')).rejects.toMatchObject({ reason: 'disk_full' });
  await sink.close();
});

test('a device is never rotated', async () => {
  const sink = new FileSink(
    fileSink.schema.parse({ path: '/dev/null', rotate: { max_bytes: '1KiB' } }),
    workbench.context,
  );
  for (let i = 0; i < 3; i++) await writeTo(sink, `${'x'.repeat(1000)}\n`);
  await sink.close();
  expect(statSync('/dev/null').isFile()).toBe(false);
  expect(sink.status().rotated_files).toBe(0);
});

test('a path that leads through a file is retried, not given up', async () => {
  writeFileSync(join(folder, 'file'), '');
  const sink = sinkAt('file/out');
  await expect(writeTo(sink, 'a\n')).rejects.toMatchObject({ name: 'RetryableError', reason: 'bad_path' });
});

test('a directory in the place of a file is retried until it is gone, and the error says so', async () => {
  mkdirSync(join(folder, 'out'));
  const sink = sinkAt('out');
  await expect(writeTo(sink, 'a\n')).rejects.toMatchObject({
    name: 'RetryableError',
    reason: 'is_directory',
    message: `cannot write ${join(folder, 'out')}: a directory is there; move it away or change path`,
  });
  rmSync(join(folder, 'out'), { recursive: true });
  await writeTo(sink, 'a\n');
  await sink.close();
  expect(read('out')).toBe('a\n');
});

/** A stream whose path, as `{label.0}/{label.1}/…`, is longer than the operating system takes (PATH_MAX). */
const endless = stream({
  source: 'endless',
  labels: Object.fromEntries(Array.from({ length: 20 }, (_, i) => [String(i), 'x'.repeat(250)])),
});
const DEEP = `{source}/${Array.from({ length: 20 }, (_, i) => `{label.${i}}`).join('/')}/out`;
const SHALLOW = `app/${'none/'.repeat(20)}out`;

test('records whose path no system takes are refused; the others of the delivery are written', async () => {
  const sink = sinkAt(DEEP);
  const parts = ['a\n', { text: 'b\nc\nd\n', stream: endless, live: [0, 2] }, 'e\n'];
  await expect(writeTo(sink, ...parts)).rejects.toMatchObject({
    name: 'PartialError',
    reason: 'bad_path',
    count: 2,
    indexes: [1, 3],
  });
  await sink.close();
  expect(read(SHALLOW)).toBe('a\ne\n');
  expect(sink.status()).toMatchObject({ records: 2, bytes: 4 });
});

test('a delivery with nothing but such records is refused as a whole', async () => {
  const sink = sinkAt(DEEP);
  await expect(writeTo(sink, { text: 'b\n', stream: endless })).rejects.toMatchObject({
    name: 'PermanentError',
    reason: 'bad_path',
  });
});

test('a name longer than file systems take is shortened, also when it rotates', async () => {
  const sink = sinkAt('{file}', { rotate: { max_bytes: '1KiB' } });
  const long = stream({ path: `/var/log/${'é'.repeat(127)}` });
  for (let i = 0; i < 3; i++) await writeTo(sink, { text: `${'x'.repeat(900)}\n`, stream: long });
  await sink.close();
  const names = readdirSync(folder).toSorted();
  expect(names).toHaveLength(3);
  expect(names.filter((name) => name.endsWith('.gz'))).toHaveLength(2);
});

test('a file that was moved away is created anew within a second', async () => {
  const sink = sinkAt('out');
  await writeTo(sink, 'a\n');
  renameSync(join(folder, 'out'), join(folder, 'moved'));
  await workbench.clock.advance(1000);
  await writeTo(sink, 'b\n');
  await sink.close();
  expect([read('moved'), read('out')]).toEqual(['a\n', 'b\n']);
});

test('open files are bounded, and closed ones are continued', async () => {
  const sink = sinkAt('{source}', { max_open_files: 2 });
  for (const source of ['a', 'b', 'c', 'a'])
    await writeTo(sink, { text: `${source}\n`, stream: stream({ source }) });
  expect(sink.status().open_files).toBe(2);
  await sink.close();
  expect(['a', 'b', 'c'].map(read)).toEqual(['a\na\n', 'b\n', 'c\n']);
});

test('fsync always forces data to the disk before the delivery counts', async () => {
  const synced: string[] = [];
  const watched: FileSystem = {
    ...realFileSystem,
    open: async (path) => {
      const file = await realFileSystem.open(path);
      return {
        writev: (buffers) => file.writev(buffers),
        read: (...args) => file.read(...args),
        stat: () => file.stat(),
        truncate: (length) => file.truncate(length),
        datasync: async () => {
          synced.push(readFileSync(path, 'utf8'));
          await file.datasync();
        },
        close: () => file.close(),
      };
    },
  };
  for (const [fsync, seen] of [
    ['always', ['a\n']],
    ['on_rotate', []],
    ['never', []],
  ] as const) {
    synced.length = 0;
    const sink = sinkAt(`out-${fsync}`, { fsync }, watched);
    await writeTo(sink, 'a\n');
    expect(synced).toEqual(seen);
    await sink.close();
  }
});

test('closing is safe before opening and twice', async () => {
  const sink = sinkAt('out');
  await sink.close();
  await sink.open();
  await writeTo(sink, 'a\n');
  await sink.close();
  await sink.close();
  expect(read('out')).toBe('a\n');
});

test('any bytes arrive intact across failures, rotation and reopening', async () => {
  const line = fc.uint8Array({ maxLength: 30 }).map((bytes) => bytes.filter((byte) => byte !== 10));
  const step = fc.record({
    lines: fc.array(line, { minLength: 1, maxLength: 4 }),
    room: fc.integer({ min: 0, max: 60 }),
  });
  let run = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 6 }), async (steps) => {
      const name = `run-${++run}`;
      const budget = { bytes: 0 };
      const sink = sinkAt(
        `${name}/out`,
        { rotate: { gzip: false, keep: 1000 }, max_open_files: 1 },
        smallDisk(budget),
      );
      const expected: Buffer[] = [];
      for (const { lines, room } of steps) {
        const text = Buffer.concat(lines.flatMap((each) => [each, Buffer.from('\n')]));
        budget.bytes = room;
        const failed = await writeTo(sink, { text }).then(
          () => false,
          () => true,
        );
        budget.bytes = 1e6;
        if (failed) await writeTo(sink, { text });
        expected.push(text);
      }
      await sink.close();
      if (steps.length > 0) expect(readFileSync(join(folder, name, 'out'))).toEqual(Buffer.concat(expected));
      expect(existsSync(join(folder, name)) ? readdirSync(join(folder, name)).length : 0).toBe(
        steps.length > 0 ? 1 : 0,
      );
    }),
    { numRuns: 60 },
  );
});

test('files set aside hold every line once, in order', async () => {
  const sink = sinkAt('out', { rotate: { max_bytes: '1KiB', keep: 100 } });
  const lines = Array.from({ length: 60 }, (_, i) => `${String(i).padStart(4, '0')}${'x'.repeat(95)}\n`);
  for (const line of lines) {
    await writeTo(sink, line);
    await workbench.clock.advance(1);
  }
  await sink.close();
  const names = readdirSync(folder).toSorted();
  expect(names.filter((name) => name.endsWith('.gz'))).toHaveLength(5);
  const aside = names
    .filter((name) => name !== 'out')
    .map((name) => gunzipSync(readFileSync(join(folder, name))).toString());
  expect([...aside, read('out')].join('')).toBe(lines.join(''));
});
