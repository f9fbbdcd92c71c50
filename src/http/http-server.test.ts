/** What a running server does with those who are connected when its settings or files change. */
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Agent, request } from 'undici';
import { describe, expect, onTestFinished, test } from 'vitest';
import { HttpServer } from './http-server.ts';
import { bearer, READ_TOKEN, TOKENS, testOptions } from './server.fixture.ts';
import type { HttpOptions } from './server.ts';
import type { ServerSettings } from './server-settings.ts';

const pem = (name: string) => join(import.meta.dirname, '../../test/fixtures/tls', name);
const readPem = (name: string) => readFileSync(pem(name), 'utf8');
const OTHER_TOKEN = 'another-token-that-may-read';

function folder(): string {
  const dir = mkdtempSync(join(tmpdir(), 'http-server-'));
  onTestFinished(() => rmSync(dir, { recursive: true }));
  return dir;
}

/** A server with one client that listens to events. */
async function listenedTo(changes: Partial<HttpOptions>, connect: object = {}, headers = {}) {
  const it = testOptions(changes);
  const http = new HttpServer(it.options);
  onTestFinished(() => http.stop());
  const { port } = await http.start();
  const dispatcher = new Agent({ connect });
  onTestFinished(() => dispatcher.destroy());
  const scheme = changes.tls === undefined ? 'http' : 'https';
  const { body, statusCode } = await request(`${scheme}://localhost:${port}/api/events`, {
    dispatcher,
    headers,
  });
  expect(statusCode).toBe(200);
  let ended = false;
  const end = new Promise<void>((resolve) => body.once('close', resolve)).then(() => {
    ended = true;
  });
  body.on('error', () => {});
  body.resume();
  /** Lets the watch of the files look at them, and waits until it has. */
  const look = async () => {
    const { timers } = it.clock;
    await it.clock.advance(10_000);
    await it.clock.waiting(timers);
  };
  /** Waits for what came before a request that is answered: had the stream been ended, that would have come, too. */
  const isOpen = async () => {
    await (await request(`${scheme}://localhost:${port}/health`, { dispatcher })).body.dump();
    await new Promise((resolve) => setImmediate(resolve));
    return !ended;
  };
  return { ...it, http, look, end, isOpen };
}

describe('streams', () => {
  const settings: ServerSettings = { host: '127.0.0.1', port: 0, auth: { tokens: TOKENS } };
  const listened = () => listenedTo({ auth: { tokens: TOKENS } }, {}, bearer(READ_TOKEN));

  test('go on when a reload changes nothing of who may see them', async () => {
    const { http, isOpen } = await listened();
    http.prepare({ ...settings, rate_limit: { requests: 5, per: 1000 } })();
    expect(await isOpen()).toBe(true);
  });

  test.each([
    ['another token', [{ ...TOKENS[0], token: OTHER_TOKEN }, TOKENS[1]]],
    ['another role', [{ ...TOKENS[0], role: 'control' as const }, TOKENS[1]]],
    ['a token less', [TOKENS[1]]],
    ['no tokens', []],
  ])('end with %s', async (_, tokens) => {
    const { http, end } = await listened();
    http.prepare({ ...settings, auth: { tokens } })();
    await end;
  });

  test('go on at the first look at files of tokens, and end when one holds another', async () => {
    const token_file = join(folder(), 'token');
    writeFileSync(token_file, READ_TOKEN);
    const auth = { tokens: [{ name: 'a', role: 'read' as const, token_file }] };
    const { clock, look, isOpen, end } = await listenedTo({ auth }, {}, bearer(READ_TOKEN));
    await look();
    expect(await isOpen()).toBe(true);
    writeFileSync(token_file, OTHER_TOKEN);
    await clock.advance(10_000);
    await end;
  });

  test('end when roles of certificates change', async () => {
    const tls = { cert_file: pem('server.pem'), key_file: pem('server.key'), client_ca_file: pem('ca.pem') };
    const before = { ...settings, tls: { ...tls, client_roles: { a: 'read' as const } } };
    const { http, end, isOpen } = await listenedTo(before, { rejectUnauthorized: false }, bearer(READ_TOKEN));
    http.prepare({ ...before, tls: { ...tls, client_roles: { a: 'read' } } })();
    expect(await isOpen()).toBe(true);
    http.prepare({ ...before, tls: { ...tls, client_roles: { a: 'control' } } })();
    await end;
  });
});

describe('clients that a certificate let in', () => {
  async function vouchedFor() {
    const client_ca_file = join(folder(), 'ca.pem');
    const cert_file = join(folder(), 'tls.crt');
    copyFileSync(pem('ca.pem'), client_ca_file);
    copyFileSync(pem('server.pem'), cert_file);
    const tls = {
      cert_file,
      key_file: pem('server.key'),
      client_ca_file,
      client_roles: { client: 'read' as const },
    };
    const connect = { ca: readPem('ca.pem'), cert: readPem('client.pem'), key: readPem('client.key') };
    return { ...(await listenedTo({ tls }, connect)), client_ca_file, cert_file };
  }

  test('stay when the certificate of the server is replaced', async () => {
    const { cert_file, look, isOpen, logged } = await vouchedFor();
    await look();
    writeFileSync(cert_file, `${readPem('server.pem')}\n`);
    await look();
    expect(logged.at(-1)?.message).toMatch(/certificates were replaced/);
    expect(await isOpen()).toBe(true);
  });

  test('are disconnected when the authority that vouched for them is replaced', async () => {
    const { client_ca_file, clock, look, end, isOpen } = await vouchedFor();
    await look();
    expect(await isOpen()).toBe(true);
    copyFileSync(pem('server.pem'), client_ca_file);
    await clock.advance(10_000);
    await end;
  });
});

test('settings that are put in force after it has stopped have no file watched', async () => {
  const token_file = join(folder(), 'token');
  writeFileSync(token_file, READ_TOKEN);
  const { options, clock } = testOptions();
  const http = new HttpServer(options);
  await http.start();
  const commit = http.prepare({
    host: '127.0.0.1',
    port: 0,
    auth: { tokens: [{ name: 'a', role: 'read', token_file }] },
  });
  await http.stop();
  commit();
  expect(clock.timers).toBe(0);
});
