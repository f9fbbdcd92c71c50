import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { checkFiles } from './files.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'files-'));
});
afterEach(() => rm(folder, { recursive: true }));

test('a file that is not there is reported with its key', () => {
  const data = { sinks: [{ tls: { ca_file: join(folder, 'ca.pem') } }] };
  expect(checkFiles(data)).toEqual([
    {
      path: ['sinks', 0, 'tls', 'ca_file'],
      about: 'value',
      message: 'there is no such file; create it, or correct the path',
    },
  ]);
});

test('a folder is no file', () => {
  expect(checkFiles({ password_file: folder })).toMatchObject([
    { message: 'this is a directory; expected the path of a file' },
  ]);
});

test.skipIf(process.getuid?.() === 0)('a file of others cannot be read', async () => {
  await writeFile(join(folder, 'key'), '', { mode: 0o000 });
  expect(checkFiles({ key_file: join(folder, 'key') })).toMatchObject([
    { message: 'this file cannot be read (EACCES); let the user that runs log-capturer read it' },
  ]);
});

test('files that can be read, other keys and values that are no text are left to others', async () => {
  await writeFile(join(folder, 'ca.pem'), '');
  expect(
    checkFiles({ ca_file: join(folder, 'ca.pem'), path: '/nowhere/x', key_file: 5, cert_file: '' }),
  ).toEqual([]);
});
