import { once } from 'node:events';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { testServer } from './server.fixture.ts';

async function listening(connections: number) {
  const it = testServer({ limits: { connections } });
  const entered = Promise.withResolvers<void>();
  const held = Promise.withResolvers<void>();
  it.server.get('/held', async () => {
    entered.resolve();
    await held.promise;
    return 'let go';
  });
  onTestFinished(() => it.server.close());
  await it.server.listen({ host: '127.0.0.1', port: 0 });
  return {
    ...it,
    port: (it.server.server.address() as AddressInfo).port,
    entered: entered.promise,
    letGo: held.resolve,
  };
}

/** A connection that the server knows of, and whatever comes from it. */
async function open(
  port: number,
): Promise<{ socket: Socket; closed: Promise<unknown>; answer: () => Promise<string> }> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  onTestFinished(() => void socket.destroy());
  const closed = once(socket, 'close');
  await once(socket, 'connect');
  return { socket, closed, answer: async () => String((await once(socket, 'data'))[0]) };
}

const ask = (socket: Socket, path = '/health') =>
  socket.write(`GET ${path} HTTP/1.1\r\nhost: localhost\r\n\r\n`);

async function served(port: number) {
  const connection = await open(port);
  ask(connection.socket);
  expect(await connection.answer()).toMatch(/^HTTP\/1\.1 200/);
  return connection;
}

test('256 idle connections do not keep a probe from being answered', async () => {
  const { port } = await listening(256);
  for (let i = 0; i < 256; i++) await open(port);
  await served(port);
});

test('the connection that was idle for longest makes room', async () => {
  const { port, counts } = await listening(2);
  const first = await served(port);
  const second = await served(port);
  // Now the second has been idle for longer.
  ask(first.socket);
  await first.answer();
  await served(port);
  await second.closed;
  ask(first.socket);
  expect(await first.answer()).toMatch(/^HTTP\/1\.1 200/);
  expect(counts.closedConnections).toBe(1);
});

test('one with a request under way is not closed; when all have one, new ones are', async () => {
  const { port, entered, letGo, counts } = await listening(1);
  const busy = await open(port);
  ask(busy.socket, '/held');
  await entered;
  const refused = connect(port, '127.0.0.1');
  refused.on('error', () => {});
  await once(refused, 'close');
  letGo();
  expect(await busy.answer()).toMatch(/let go$/);
  expect(counts.closedConnections).toBe(1);
});

test('connections that end are not counted any longer', async () => {
  const { port, server, counts } = await listening(2);
  const accepted = once(server.server, 'connection');
  const connection = await served(port);
  expect(counts.openConnections).toBe(1);
  const [ours] = (await accepted) as [Socket];
  const gone = once(ours, 'close');
  connection.socket.end();
  await gone;
  expect(counts.openConnections).toBe(0);
});
