import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { checkFileContents } from './file-contents.ts';

const TLS = join(import.meta.dirname, '../../test/fixtures/tls');
const pair = { cert_file: join(TLS, 'server.pem'), key_file: join(TLS, 'server.key') };

let folder: string;
let empty: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'file-contents-'));
  empty = join(folder, 'empty');
  await writeFile(empty, '');
});
afterEach(() => rm(folder, { recursive: true }));

test('a pair that fits and its authority are right', () => {
  expect(checkFileContents({ server: { tls: { ...pair, client_ca_file: join(TLS, 'ca.pem') } } })).toEqual(
    [],
  );
});

test('a key of another certificate is wrong, in sources and sinks as well', () => {
  const tls = { ...pair, key_file: join(TLS, 'client.key') };
  const message = 'this is not the key of the certificate in cert_file; replace both files together';
  expect(checkFileContents({ server: { tls }, sinks: [{ tls }] })).toEqual([
    { path: ['server', 'tls', 'key_file'], about: 'value', message },
    { path: ['sinks', 0, 'tls', 'key_file'], about: 'value', message },
  ]);
});

test('files without a certificate, a key or a token are wrong', () => {
  const server = {
    tls: { cert_file: empty, key_file: empty, client_ca_file: empty },
    auth: { tokens: [{ token_file: empty }] },
  };
  expect(checkFileContents({ server }).map(({ path, message }) => `${path.join('.')} ${message}`)).toEqual([
    'server.tls.cert_file holds no certificate in PEM format',
    'server.tls.client_ca_file holds no certificate in PEM format',
    'server.tls.key_file holds no private key without password in PEM format',
    expect.stringContaining('server.auth.tokens.0.token_file holds no token; expected'),
  ]);
});

test('files that cannot be read are left to others', () => {
  const missing = join(folder, 'missing');
  expect(checkFileContents({ tls: { cert_file: missing, key_file: folder }, server: 5 })).toEqual([]);
});
