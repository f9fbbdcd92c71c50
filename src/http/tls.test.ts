import { once } from 'node:events';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { Agent, request } from 'undici';
import { describe, expect, onTestFinished, test } from 'vitest';
import { HttpServer } from './http-server.ts';
import { bearer, READ_TOKEN, TOKENS, testOptions } from './server.fixture.ts';
import { secureContext, type TlsSettings } from './tls.ts';

const FIXTURES = join(import.meta.dirname, '../../test/fixtures/tls');
const pem = (name: string) => join(FIXTURES, name);
const CA = readFileSync(pem('ca.pem'));
const CLIENT = { cert: readFileSync(pem('client.pem')), key: readFileSync(pem('client.key')) };
function settings(changes: Partial<TlsSettings> = {}): TlsSettings {
  return { cert_file: pem('server.pem'), key_file: pem('server.key'), client_roles: {}, ...changes };
}

async function serving(tls: TlsSettings, options: object = {}) {
  const it = testOptions({ tls, ...options });
  const server = new HttpServer(it.options);
  onTestFinished(() => server.stop());
  const { port } = await server.start();
  const ask = async (
    path: string,
    { cert, key, ...rest }: { cert?: Buffer; key?: Buffer; method?: string; headers?: object } = {},
  ) => {
    const dispatcher = new Agent({ connect: { ca: CA, ...(cert && { cert }), ...(key && { key }) } });
    onTestFinished(() => dispatcher.close());
    const { headers, method } = rest;
    const answer = await request(`https://localhost:${port}${path}`, {
      dispatcher,
      ...(headers && { headers: headers as Record<string, string> }),
      ...(method && { method: method as 'POST' }),
    });
    const body = await answer.body.text();
    return { status: answer.statusCode, body };
  };
  return { ...it, port, ask };
}

test('requests are answered over TLS', async () => {
  const { ask, logged } = await serving(settings());
  expect((await ask('/api/whoami')).status).toBe(200);
  expect(logged[0]?.fields).toMatchObject({ tls: true });
});

test('plain HTTP is not', async () => {
  const { port, ask } = await serving(settings());
  await expect(request(`http://localhost:${port}/health`)).rejects.toThrow();
  expect((await ask('/health')).status).toBe(200);
});

describe('certificates of clients', () => {
  const mutual = (client_roles: TlsSettings['client_roles']) =>
    settings({ client_ca_file: pem('ca.pem'), client_roles });

  test('tell who asks', async () => {
    const { ask } = await serving(mutual({ client: 'read' }));
    expect(JSON.parse((await ask('/api/whoami', CLIENT)).body)).toEqual({
      name: 'client',
      role: 'read',
      via: 'certificate',
      auth: true,
    });
  });

  test('allow what their role allows', async () => {
    const { ask } = await serving(mutual({ client: 'read' }));
    expect((await ask('/api/tracing/enable', { ...CLIENT, method: 'POST' })).status).toBe(403);
  });

  test('that are not listed allow nothing', async () => {
    const { ask } = await serving(mutual({ other: 'control' }));
    expect((await ask('/api/status', CLIENT)).status).toBe(401);
  });

  test('that are missing allow probes only', async () => {
    const { ask } = await serving(mutual({ '*': 'control' }));
    expect((await ask('/health')).status).toBe(200);
    expect((await ask('/api/status')).status).toBe(401);
  });

  test('of another authority allow nothing, even to *', async () => {
    const { ask } = await serving({ ...mutual({ '*': 'control' }), client_ca_file: pem('server.pem') });
    expect((await ask('/api/status', CLIENT)).status).toBe(401);
  });

  test('are not needed by who has a token', async () => {
    const { ask } = await serving(mutual({ client: 'control' }), { auth: { tokens: TOKENS } });
    expect((await ask('/api/status', { headers: bearer(READ_TOKEN) })).status).toBe(200);
  });

  test('a session is not resumed without them', async () => {
    const { port } = await serving(mutual({ client: 'read' }));
    const socket = connectTls({ port, host: 'localhost', ca: CA, ...CLIENT, maxVersion: 'TLSv1.2' });
    onTestFinished(() => void socket.destroy());
    await once(socket, 'secureConnect');
    expect(socket.getTLSTicket()).toBeUndefined();
  });
});

describe('files that are replaced', () => {
  async function replaceable() {
    const dir = mkdtempSync(join(tmpdir(), 'tls-'));
    onTestFinished(() => rmSync(dir, { recursive: true }));
    const cert_file = join(dir, 'tls.crt');
    const key_file = join(dir, 'tls.key');
    const put = (name: string) => {
      copyFileSync(pem(`${name}.pem`), cert_file);
      copyFileSync(pem(`${name}.key`), key_file);
    };
    put('server');
    const it = await serving(settings({ cert_file, key_file }));
    const name = async () => {
      const socket = connectTls({ port: it.port, host: 'localhost', ca: CA });
      onTestFinished(() => void socket.destroy());
      await once(socket, 'secureConnect');
      return socket.getPeerCertificate().subject.CN;
    };
    const look = async () => {
      await it.clock.advance(10_000);
      await it.clock.waiting();
    };
    return { ...it, cert_file, put, name, look };
  }

  test('are taken up without a restart', async () => {
    const { put, name, look } = await replaceable();
    expect(await name()).toBe('server');
    put('client');
    await look();
    expect(await name()).toBe('client');
  });

  test('that are broken change nothing, and are logged', async () => {
    const { cert_file, name, look, logged } = await replaceable();
    writeFileSync(cert_file, 'garbage');
    await look();
    expect(await name()).toBe('server');
    expect(logged.at(-1)).toMatchObject({
      level: 'error',
      message: 'certificates were changed but cannot be used; those of before stay in use',
    });
  });
});

describe('what cannot be used is named', () => {
  test.each([
    [
      'a file that is missing',
      { cert_file: '/nowhere.pem' },
      /tls\.cert_file: \/nowhere\.pem cannot be read \(ENOENT\)/,
    ],
    [
      'no certificate',
      { cert_file: pem('server.key') },
      /tls\.cert_file: .* holds no certificate in PEM format/,
    ],
    ['no key', { key_file: pem('server.pem') }, /tls\.key_file: .* holds no private key without password/],
    [
      'the key of another',
      { key_file: pem('client.key') },
      /tls\.key_file: .* is not the key of the certificate/,
    ],
    ['no authority', { client_ca_file: pem('client.key') }, /tls\.client_ca_file: .* holds no certificate/],
  ])('%s', (_, changes, message) => {
    expect(() => secureContext(settings(changes))).toThrow(message);
  });
});
