/** A source that goes on in the place of one whose configuration was changed. */
import { appendFileSync, copyFileSync, fstatSync, rmSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { SourceReplaced } from '../../component/source.ts';
import { openFile } from './file-handle.ts';
import { Heritage, leave } from './handover.ts';
import { Rig } from './rig.ts';

let rig: Rig;

beforeEach(() => {
  rig = new Rig();
});

afterEach(() => rig.dispose());

const put = (name: string, text: string) => writeFileSync(rig.path(name), text);
const replace = async (options: Record<string, unknown> = {}) => {
  await rig.stop(new SourceReplaced('changed'));
  await rig.start(options);
};

test('a file deleted before it was read to its end is read on', async () => {
  put('a.log', 'one\n');
  await rig.start();
  appendFileSync(rig.path('a.log'), 'two\n');
  rmSync(rig.path('a.log'));
  await replace();
  await rig.pass(10_000);
  expect(rig.texts()).toEqual(['one', 'two']);
  expect(rig.details()).toMatchObject({ files: 0, files_lost: 0, files_open: 0 });
});

test('a file deleted after the source has stopped is read on by its successor', async () => {
  put('a.log', 'one\n');
  await rig.start();
  appendFileSync(rig.path('a.log'), 'two\n');
  await rig.stop(new SourceReplaced('changed'));
  rmSync(rig.path('a.log'));
  put('a.log', 'three\n');
  await rig.start();
  await rig.pass(10_000);
  expect(rig.texts()).toEqual(['one', 'two', 'three']);
  expect(rig.details()).toMatchObject({ files: 1, files_lost: 0, files_open: 1 });
});

test('a file deleted between the look and the opening of the successor is read on by it', async () => {
  put('a.log', 'one\n');
  await rig.start();
  appendFileSync(rig.path('a.log'), 'two\n');
  await rig.stop(new SourceReplaced('changed'));
  // Asked for between the two.
  vi.spyOn(rig.store, 'get').mockImplementationOnce((key) => {
    rmSync(rig.path('a.log'));
    return new Map(rig.store).get(key);
  });
  await rig.start();
  await rig.pass(10_000);
  expect(rig.texts()).toEqual(['one', 'two']);
  expect(rig.details()).toMatchObject({ files: 0, files_lost: 0, files_open: 0 });
});

test.each([
  ['replaced', new SourceReplaced('changed')],
  ['stopped', new Error('stop')],
])(
  'a truncation noticed when the source is %s: what was read and copied before is not read twice',
  async (_, reason) => {
    const line = (text: string) => `${text.padEnd(300, '.')}\n`;
    put('a.log', line('one'));
    rig.commits = false;
    await rig.start();
    copyFileSync(rig.path('a.log'), rig.path('a.log.1'));
    put('a.log', line('two') + line('three'));
    const stopped = Promise.withResolvers<void>();
    rig.onInfo = (message) => {
      if (message.startsWith('file was truncated')) void rig.stop(reason).then(stopped.resolve);
    };
    await rig.clock.advance(250);
    await stopped.promise;
    rig.onInfo = () => {};
    for (const { stream, position } of rig.chunks) stream.commit(position);
    rig.commits = true;
    await rig.start();
    expect(rig.texts().map((text) => text.replace(/\.+$/, ''))).toEqual(['one', 'two', 'three']);
  },
);

test('one that was only stopped leaves no file open', async () => {
  put('a.log', 'one\n');
  await rig.start();
  rmSync(rig.path('a.log'));
  await rig.stop();
  expect(new Heritage('/nowhere:test').take(String(0))).toBeUndefined();
  await rig.start();
  expect(rig.details()).toMatchObject({ files: 0, files_open: 0 });
});

test('what is left is taken once, and closed when nobody takes it', async () => {
  put('a.log', '');
  put('b.log', '');
  const [a, b] = [await openFile(rig.path('a.log')), await openFile(rig.path('b.log'))];
  leave('x', [a]);
  leave('x', [b]);
  const heritage = new Heritage('x');
  expect(heritage.take(`${a.dev}:${a.ino}`)).toBe(a);
  expect(heritage.take(`${a.dev}:${a.ino}`)).toBeUndefined();
  expect(new Heritage('x').take(`${b.dev}:${b.ino}`)).toBeUndefined();
  heritage.close();
  leave('x', [a]);
  new Heritage('x').close();
});

describe('what was left and not taken is closed', () => {
  async function left() {
    put('a.log', 'one\n');
    const file = await openFile(rig.path('a.log'));
    leave('/nowhere:test', [file]);
    const isOpen = () => {
      try {
        return fstatSync(file.fd, { bigint: true }).ino === file.ino;
      } catch {
        return false;
      }
    };
    return { isClosed: () => vi.waitFor(() => expect(isOpen()).toBe(false)) };
  }

  test('when the successor is removed before it runs', async () => {
    await rig.start();
    const { isClosed } = await left();
    rig.source.abandon!();
    await isClosed();
  });

  test('when the successor is stopped before it has looked for it', async () => {
    await rig.start();
    const { isClosed } = await left();
    await rig.stop();
    await isClosed();
  });
});
