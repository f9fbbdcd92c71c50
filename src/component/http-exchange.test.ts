import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Pool } from 'undici';
import { afterEach, expect, test } from 'vitest';
import { exchange } from './http-exchange.ts';

const cleanup: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of cleanup.splice(0).reverse()) await end();
});

async function serve(listener: RequestListener): Promise<{ pool: Pool; server: Server }> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const pool = new Pool(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, { connections: 1 });
  cleanup.push(
    () => server.close(),
    () => server.closeAllConnections(),
    () => pool.destroy(),
  );
  return { pool, server };
}

const post = { method: 'POST', path: '/', body: Buffer.from('body') } as const;
const never = { signal: new AbortController().signal, maxAnswerBytes: 100 };

test('resolves with status, headers and body, whatever the status', async () => {
  const { pool } = await serve((_, response) => response.writeHead(503, { 'retry-after': '7' }).end('later'));
  const { status, headers, body } = await exchange(pool, post, never);
  expect({ status, after: headers['retry-after'], body: body.toString() }).toEqual({
    status: 503,
    after: '7',
    body: 'later',
  });
});

test('reads the beginning of an endless answer, and closes its connection', async () => {
  const closed = Promise.withResolvers<void>();
  const { pool } = await serve((_, response) => {
    response.writeHead(200);
    response.on('close', closed.resolve);
    const more = () => {
      while (!response.destroyed && response.write('x'.repeat(64)));
      response.once('drain', more);
    };
    more();
  });
  const { body } = await exchange(pool, post, never);
  expect(body.toString()).toBe('x'.repeat(100));
  await closed.promise;
});

test('an answer of just so many bytes is whole, and its connection is used again', async () => {
  let connections = 0;
  const { pool, server } = await serve((_, response) => response.end('x'.repeat(100)));
  server.on('connection', () => connections++);
  for (let i = 0; i < 3; i++) expect((await exchange(pool, post, never)).body).toHaveLength(100);
  expect(connections).toBe(1);
});

test('informational answers are passed over', async () => {
  const { pool } = await serve((_, response) => {
    response.writeEarlyHints({ link: '</style.css>; rel=preload' });
    response.writeHead(204, { 'x-final': 'yes' }).end();
  });
  const { status, headers } = await exchange(pool, post, never);
  expect([status, headers['x-final']]).toEqual([204, 'yes']);
});

test('rejects with the reason of the signal: before, while it waits for a connection, and while it waits for the answer', async () => {
  const arrived = Promise.withResolvers<void>();
  const { pool } = await serve(() => arrived.resolve());
  const reason = new Error('enough');
  await expect(exchange(pool, post, { ...never, signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  const [first, second] = [new AbortController(), new AbortController()];
  const answers = [first, second].map(({ signal }) => exchange(pool, post, { ...never, signal }));
  await arrived.promise;
  second.abort(reason);
  await expect(answers[1]).rejects.toBe(reason);
  first.abort(reason);
  await expect(answers[0]).rejects.toBe(reason);
});

test('rejects with the error of the connection', async () => {
  const { pool } = await serve((request) => request.socket.destroy());
  await expect(exchange(pool, post, never)).rejects.toMatchObject({ code: 'UND_ERR_SOCKET' });
});
