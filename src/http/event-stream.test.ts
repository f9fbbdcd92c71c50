import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:net';
import fastify, { type FastifyInstance } from 'fastify';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { FakeClock } from '../component/fake-clock.ts';
import { type EventStream, EventStreams, eventText } from './event-stream.ts';

let server: FastifyInstance;
let clock: FakeClock;
let streams: EventStreams;
let opened: EventStream[];
let wake: () => void;

beforeEach(async () => {
  clock = new FakeClock();
  streams = new EventStreams(clock, { streams: 2, unreadBytes: 1 << 20 });
  opened = [];
  wake = () => {};
  server = fastify({ forceCloseConnections: true });
  server.addHook('onRequest', async (_request, reply) => void reply.header('x-of-a-hook', 'yes'));
  server.get('/', async (_request, reply) => {
    opened.push(streams.open(reply, () => wake()));
  });
  await server.listen({ port: 0, host: '127.0.0.1' });
});
afterEach(() => server.close());

const url = () => `http://127.0.0.1:${(server.server.address() as AddressInfo).port}`;
const anEnd = () =>
  new Promise<void>((resolve) => {
    wake = resolve;
  });

/** A client, and what it is sent next. */
async function client(): Promise<{ response: Response; next: () => Promise<string>; leave: () => void }> {
  const leaving = new AbortController();
  const response = await fetch(url(), { signal: leaving.signal });
  const reader = response.body!.getReader();
  const next = async () => Buffer.from((await reader.read()).value ?? []).toString();
  return { response, next, leave: () => leaving.abort() };
}

test('an event is one line of JSON, whatever it holds', () => {
  expect(eventText('log', { text: 'a\nb' })).toBe('event: log\ndata: {"text":"a\\nb"}\n\n');
});

test('clients get what is written, with the headers of hooks', async () => {
  const { response, next } = await client();
  expect(response.headers.get('content-type')).toBe('text/event-stream');
  expect(response.headers.get('x-of-a-hook')).toBe('yes');
  expect(await next()).toBe('retry: 2000\n\n');
  opened[0]!.write(eventText('a', 1));
  expect(await next()).toBe('event: a\ndata: 1\n\n');
});

test('a stream on which nothing is sent shows that it lives', async () => {
  const { next } = await client();
  await next();
  await clock.advance(4000);
  expect(await next()).toBe(':\n\n');
});

test('there are no more than the most there may be; one that ends makes room', async () => {
  const first = await client();
  await client();
  const refused = await fetch(url());
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '2']);
  const end = anEnd();
  first.leave();
  await end;
  expect(streams.count).toBe(1);
  expect((await client()).response.status).toBe(200);
});

test('with the last stream its timer ends', async () => {
  const { leave } = await client();
  expect(clock.timers).toBe(1);
  const end = anEnd();
  leave();
  await end;
  expect([streams.count, clock.timers]).toEqual([0, 0]);
});

test('a client that does not read is dropped', async () => {
  const { port } = server.server.address() as AddressInfo;
  const socket = connect(port, '127.0.0.1');
  socket.pause();
  await once(socket, 'connect');
  socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n');
  while (opened.length === 0) await new Promise((resolve) => setImmediate(resolve));
  const end = anEnd();
  const text = 'x'.repeat(1 << 20);
  for (let i = 0; i < 64 && streams.count > 0; i++) {
    opened[0]!.write(text);
    await new Promise((resolve) => setImmediate(resolve));
  }
  await end;
  expect(streams.count).toBe(0);
  socket.destroy();
});

test('all can be ended', async () => {
  const { next } = await client();
  await next();
  const end = anEnd();
  streams.endAll();
  await end;
  expect(streams.count).toBe(0);
});
