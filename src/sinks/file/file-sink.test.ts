import {
  appendFileSync,
  existsSync,
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
let workbench: Bench;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'file-sink-'));
  workbench = bench();
});

afterEach(() => {
  rmSync(folder, { recursive: true });
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

test('a line torn by a crash is cut off before more is written, and that is logged', async () => {
  writeFileSync(join(folder, 'out'), 'whole\ntor');
  const sink = sinkAt('out');
  await writeTo(sink, 'torn\n');
  await sink.close();
  expect(read('out')).toBe('whole\ntorn\n');
  expect(workbench.logged).toMatchObject([{ level: 'warn', fields: { bytes: 3 } }]);
});

test('a long unfinished line is not ours: it is kept and ended', async () => {
  const foreign = 'x'.repeat(5 * 1024 * 1024);
  writeFileSync(join(folder, 'out'), foreign);
  const sink = sinkAt('out');
  await writeTo(sink, 'a\n');
  await sink.close();
  expect(read('out')).toBe(`${foreign}\na\n`);
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
