import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const MAIN = join(import.meta.dirname, '..', 'main.ts');

test('a reader that is gone before the answer is written is no failure', async () => {
  const child = spawn(process.execPath, [MAIN, 'schema']);
  let complaints = '';
  child.stderr.setEncoding('utf8').on('data', (text) => {
    complaints += text;
  });
  child.stdout.destroy();
  const [code] = await once(child, 'close');
  expect([code, complaints]).toEqual([0, '']);
});

test.runIf(process.platform === 'linux')('an answer that cannot be written is', async () => {
  const child = spawn('/bin/sh', ['-c', 'exec "$0" "$1" schema > /dev/full', process.execPath, MAIN]);
  let complaints = '';
  child.stderr.setEncoding('utf8').on('data', (text) => {
    complaints += text;
  });
  const [code] = await once(child, 'close');
  expect(complaints).toContain('log-capturer: standard output: ENOSPC');
  expect(code).toBe(1);
});
