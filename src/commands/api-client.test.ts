import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { ApiClient, runClient } from './api-client.ts';

let server: Server;
let url: string;
let answer: (request: IncomingMessage, response: ServerResponse, body: string) => void;
let out: string;
let err: string;

beforeEach(async () => {
  answer = (_, response) => {
    response.end('{"ok":true}');
  };
  server = createServer((request, response) => {
    void request.toArray().then((parts) => answer(request, response, parts.join('')));
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  out = '';
  err = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    out += String(text);
    return true;
  });
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    err += String(text);
    return true;
  });
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  server.closeAllConnections();
  server.close();
});

const get = (options: object) =>
  runClient(
    { url, ...options },
    (api) => api.ask<{ ok: boolean }>('GET', '/api/x?y=1'),
    ({ ok }) => `ok: ${ok}\n`,
  );

/** Answers with a status and a problem. */
function refuse(status: number, problem: object = {}): void {
  answer = (_, response) => {
    response.writeHead(status, { 'content-type': 'application/problem+json' });
    response.end(JSON.stringify(problem));
  };
}

test('an answer is shown for people, or as it is with --json', async () => {
  expect(await get({})).toBe(0);
  expect(out).toBe('ok: true\n');
  out = '';
  expect(await get({ json: true })).toBe(0);
  expect(JSON.parse(out)).toEqual({ ok: true });
});

test('method, path with its query, body and token reach the agent', async () => {
  let seen: unknown;
  answer = ({ method, url: path, headers }, response, body) => {
    seen = [method, path, headers['content-type'], headers.authorization, JSON.parse(body)];
    response.end('{}');
  };
  const api = new ApiClient({ url, token: 'secret' }, {});
  await api.ask('PATCH', '/api/x?y=1', { a: 1 });
  await api.close();
  expect(seen).toEqual(['PATCH', '/api/x?y=1', 'application/json', 'Bearer secret', { a: 1 }]);
});

test('address and token come from the environment where options are silent; a path in front is kept', async () => {
  let seen: unknown;
  answer = ({ url: path, headers }, response) => {
    seen = [path, headers.authorization];
    response.end('{}');
  };
  const api = new ApiClient({}, { LOG_CAPTURER_URL: `${url}/agents/7`, LOG_CAPTURER_TOKEN: 'secret' });
  await api.ask('GET', '/api/status');
  await api.close();
  expect(seen).toEqual(['/agents/7/api/status', 'Bearer secret']);
});

test('variables that are empty count as unset', async () => {
  let authorization: string | undefined;
  answer = ({ headers }, response) => {
    authorization = headers.authorization;
    response.end('{}');
  };
  const api = new ApiClient({ url }, { LOG_CAPTURER_URL: '', LOG_CAPTURER_TOKEN: '' });
  await api.ask('GET', '/');
  await api.close();
  expect(authorization).toBeUndefined();
});

test('no agent: where it was looked for and what to do', async () => {
  server.close();
  expect(await get({})).toBe(1);
  expect(err).toBe(
    `log-capturer: no agent answers at ${url}; start one (log-capturer run) or name another with --url\n`,
  );
  expect(out).toBe('');
});

test('401 without and with a token says so, and never shows the token', async () => {
  refuse(401, { detail: 'x' });
  expect(await get({})).toBe(1);
  expect(err).toContain('asks for a token');
  err = '';
  expect(await get({ token: 'secret' })).toBe(1);
  expect(err).toContain('refuses the token');
  expect(err).not.toContain('secret');
});

test.each([
  [400, 2],
  [404, 1],
  [409, 1],
  [429, 1],
])("%i is told in the agent's words and ends with %i", async (status, code) => {
  refuse(status, { detail: `No, because ${status}.` });
  expect(await get({})).toBe(code);
  expect(err).toBe(`log-capturer: No, because ${status}.\n`);
});

test('a redirect is not followed', async () => {
  answer = (_, response) => {
    response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end();
  };
  expect(await get({ token: 'secret' })).toBe(1);
  expect(err).toContain('redirects');
});

test('something else that answers is no agent', async () => {
  answer = (_, response) => {
    response.end('<html>');
  };
  expect(await get({})).toBe(1);
  expect(err).toContain('is no log-capturer');
});

test.each(['nonsense', 'ftp://x', 'http:///x'])('%s is no address', async (bad) => {
  expect(await get({ url: bad })).toBe(1);
  expect(err).toContain('is no URL of an agent');
});

test('control characters of an answer do not reach the terminal', async () => {
  refuse(404, { detail: 'a\u001b[2Jb' });
  await get({});
  expect(err).toBe('log-capturer: a\\u001b[2Jb\n');
});

test('a file that cannot be read is named', async () => {
  expect(await get({ caFile: '/nowhere/ca.pem' })).toBe(1);
  expect(err).toContain('cannot read /nowhere/ca.pem');
});

test('certificates are read', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'api-client-'));
  const ca = join(folder, 'ca.pem');
  await writeFile(ca, 'not used without TLS');
  expect(await get({ caFile: ca })).toBe(0);
  await rm(folder, { recursive: true });
});

test('a stream is read as it comes, until it is told to stop', async () => {
  answer = (_, response) => {
    response.write('data: é1\n\n');
  };
  const api = new ApiClient({ url }, {});
  const stop = new AbortController();
  let text = '';
  for await (const part of api.stream('/api/events', stop.signal)) {
    text += part;
    stop.abort();
  }
  await api.close();
  expect(text).toBe('data: é1\n\n');
});
