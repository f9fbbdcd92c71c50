import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import fastify from 'fastify';
import { expect, onTestFinished, test } from 'vitest';
import type { Server } from '../server-type.ts';
import { consoleRoute } from './console.ts';

function serve(files: Readonly<Record<string, string>>): Server {
  const dist = mkdtempSync(join(tmpdir(), 'console-'));
  onTestFinished(() => rmSync(dist, { recursive: true }));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(dist, name), text);
  const server = fastify() as unknown as Server;
  consoleRoute(server, { dist });
  return server;
}

test('the page is served with a policy that allows only its own files', async () => {
  const answer = await serve({ 'index.html': '<p>hello' }).inject('/');
  expect(answer.statusCode).toBe(200);
  expect(answer.headers['content-type']).toBe('text/html; charset=utf-8');
  expect(answer.headers['content-security-policy']).toMatch(/^default-src 'self'; .*frame-ancestors 'none'/);
  expect(answer.headers['content-security-policy']).not.toContain('unsafe');
  expect(answer.body).toBe('<p>hello');
});

test('what the browser has already is not sent again', async () => {
  const server = serve({ 'console.js': 'let a' });
  const { headers } = await server.inject('/console.js');
  const again = await server.inject({
    url: '/console.js',
    headers: { 'if-none-match': String(headers.etag) },
  });
  expect([again.statusCode, again.body]).toEqual([304, '']);
});

test('browsers get it compressed', async () => {
  const server = serve({ 'style.css': 'p{}'.repeat(100) });
  const answer = await server.inject({ url: '/style.css', headers: { 'accept-encoding': 'br, gzip' } });
  expect(answer.headers['content-encoding']).toBe('gzip');
  expect(gunzipSync(answer.rawPayload).toString()).toBe('p{}'.repeat(100));
});

test('without a build it says what to do', async () => {
  const answer = await serve({}).inject('/');
  expect(answer.statusCode).toBe(404);
  expect(answer.json().detail).toContain('npm run build:console');
});
