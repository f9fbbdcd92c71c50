import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type Bench, bench, deliver, never } from '../../../test/stubs/delivery.ts';
import { LokiStub } from '../../../test/stubs/loki.ts';
import { lokiSink } from './index.ts';
import { LokiSink } from './loki-sink.ts';

let folder: string;
let workbench: Bench;
let loki: LokiStub | undefined;
let sink: LokiSink | undefined;

const path = (name: string) => join(folder, name);
const read = (name: string) => readFileSync(path(name), 'utf8');

/** A certificate that signs itself, for 127.0.0.1 and the name `loki.test`. */
async function certificate(name: string): Promise<void> {
  const names = 'subjectAltName=IP:127.0.0.1,DNS:loki.test';
  const files = ['-keyout', path(`${name}.key`), '-out', path(`${name}.crt`)];
  const options = [
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-days',
    '2',
    '-subj',
    `/CN=${name}`,
  ];
  await promisify(execFile)('openssl', ['req', '-x509', ...options, '-addext', names, ...files]);
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'loki-tls-'));
  await Promise.all(['server', 'client', 'other'].map(certificate));
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

afterEach(async () => {
  await sink?.close();
  await loki?.stop();
  sink = undefined;
  loki = undefined;
});

async function send(options: object): Promise<string[]> {
  workbench = bench();
  sink ??= new LokiSink(lokiSink.schema.parse({ url: loki!.url, ...options }), workbench.context);
  await sink.open();
  await sink.write(deliver(workbench, [{ text: 'a\n' }]), never);
  return loki!.lines();
}

async function startTls(options: object = {}): Promise<void> {
  loki = await LokiStub.start({ tls: { key: read('server.key'), cert: read('server.crt'), ...options } });
}

test('a certificate signed by ca_file is trusted', async () => {
  await startTls();
  expect(await send({ tls: { ca_file: path('server.crt') } })).toEqual(['a']);
});

test.each([{}, { tls: { ca_file: 'other.crt' } }])(
  'an unknown certificate is refused with %j',
  async (options) => {
    await startTls();
    const tls = 'tls' in options ? { tls: { ca_file: path(options.tls!.ca_file) } } : {};
    await expect(send(tls)).rejects.toMatchObject({ name: 'RetryableError', reason: 'tls' });
    expect(loki!.requests).toEqual([]);
  },
);

test('insecure_skip_verify accepts any certificate', async () => {
  await startTls();
  expect(await send({ tls: { insecure_skip_verify: true } })).toEqual(['a']);
});

test('server_name is the name the certificate must have', async () => {
  await startTls();
  expect(await send({ tls: { ca_file: path('server.crt'), server_name: 'loki.test' } })).toEqual(['a']);
});

test('a wrong server_name is refused', async () => {
  await startTls();
  const tls = { ca_file: path('server.crt'), server_name: 'other.test' };
  await expect(send({ tls })).rejects.toMatchObject({ reason: 'tls' });
});

test('a client certificate is presented', async () => {
  await startTls({ requestCert: true, rejectUnauthorized: true, ca: read('client.crt') });
  const tls = { ca_file: path('server.crt'), cert_file: path('client.crt'), key_file: path('client.key') };
  expect(await send({ tls })).toEqual(['a']);
});

test('without the client certificate that Loki wants nothing is lost', async () => {
  await startTls({ requestCert: true, rejectUnauthorized: true, ca: read('client.crt') });
  await expect(send({ tls: { ca_file: path('server.crt') } })).rejects.toMatchObject({
    name: 'RetryableError',
  });
});

test('basic authentication with a password from a file', async () => {
  writeFileSync(path('password'), 's3cret\n');
  loki = await LokiStub.start({ authorization: `Basic ${Buffer.from('me:s3cret').toString('base64')}` });
  expect(await send({ auth: { username: 'me', password_file: path('password') } })).toEqual(['a']);
});

test('a token replaced in its file is used after Loki refused the old one', async () => {
  writeFileSync(path('token'), 'old');
  loki = await LokiStub.start({ authorization: 'Bearer new' });
  writeFileSync(path('token'), 'old');
  workbench = bench();
  sink = new LokiSink(
    lokiSink.schema.parse({ url: loki.url, auth: { bearer_token_file: path('token') } }),
    workbench.context,
  );
  await sink.open();
  writeFileSync(path('token'), 'new\n');
  const delivery = deliver(workbench, [{ text: 'a\n' }]);
  await expect(sink.write(delivery, never)).rejects.toMatchObject({ reason: 'unauthorized' });
  await sink.write(delivery, never);
  expect(loki.lines()).toEqual(['a']);
});

test('a secret in the configuration works without any file', async () => {
  loki = await LokiStub.start({ authorization: 'Bearer token' });
  expect(await send({ auth: { bearer_token: 'token' } })).toEqual(['a']);
});

test('a file that does not exist is an error at opening', async () => {
  loki = await LokiStub.start();
  await expect(send({ auth: { bearer_token_file: path('none') } })).rejects.toThrow(/ENOENT.*none/);
});
