import { mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { FakeClock } from '../component/fake-clock.ts';
import { watchFiles } from './changed-files.ts';

function watched() {
  const dir = mkdtempSync(join(tmpdir(), 'changed-'));
  onTestFinished(() => rmSync(dir, { recursive: true }));
  const file = join(dir, 'cert.pem');
  writeFileSync(file, 'one');
  const clock = new FakeClock();
  let changes = 0;
  const end = watchFiles([file], clock, () => changes++);
  onTestFinished(end);
  /** Ten seconds pass, and the files have been looked at. */
  const look = async () => {
    await clock.advance(10_000);
    await clock.waiting();
    const seen = changes;
    changes = 0;
    return seen;
  };
  return { dir, file, clock, end, look };
}

test('the first look counts as a change: the file may have been replaced since it was read', async () => {
  const { look } = watched();
  expect([await look(), await look()]).toEqual([1, 0]);
});

test('a file that is written is seen', async () => {
  const { file, look } = watched();
  await look();
  writeFileSync(file, 'three');
  expect([await look(), await look()]).toEqual([1, 0]);
});

test('a file that another takes the place of is seen, be it of the same size', async () => {
  const { dir, file, look } = watched();
  await look();
  writeFileSync(join(dir, 'new'), 'two');
  renameSync(join(dir, 'new'), file);
  expect(await look()).toBe(1);
});

test('a link that is re-pointed is seen', async () => {
  const { dir, file, look } = watched();
  await look();
  writeFileSync(join(dir, 'other'), 'one');
  symlinkSync(join(dir, 'other'), join(dir, 'link'));
  renameSync(join(dir, 'link'), file);
  expect(await look()).toBe(1);
});

test('a file that is gone, and comes back, is seen', async () => {
  const { file, look } = watched();
  await look();
  rmSync(file);
  expect(await look()).toBe(1);
  writeFileSync(file, 'back');
  expect(await look()).toBe(1);
});

test('nothing is looked at once it has ended', async () => {
  const { clock, end } = watched();
  end();
  expect(clock.timers).toBe(0);
});

test('without files there is nothing to look at', () => {
  const clock = new FakeClock();
  watchFiles([], clock, () => {});
  expect(clock.timers).toBe(0);
});
