import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import fc from 'fast-check';
import { request } from 'undici';
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { z } from 'zod';
import type { Logger } from '../component/logger.ts';
import { sampleStatus } from '../component/sample-status.ts';
import type { AgentStatus } from '../component/status.ts';
import { HttpServer } from './http-server.ts';
import type { Limits } from './listener.ts';
import { FakeTracing } from './routes/tracing-api.fixture.ts';
import { TOKENS } from './server.fixture.ts';
import { buildServer, type HttpOptions } from './server.ts';

const silent: Logger = { debug() {}, info() {}, warn() {}, error() {} };

const metrics = {
  render: async (accept?: string) => ({
    contentType: 'text/plain; version=0.0.4',
    body: `asked for ${accept}\n`,
  }),
};

const defaults: HttpOptions = {
  host: '127.0.0.1',
  port: 0,
  log: silent,
  status: () => sampleStatus,
  metrics,
  tracing: new FakeTracing(),
};

function options(changes: Partial<HttpOptions> = {}): HttpOptions {
  return { ...defaults, ...changes };
}

function withStatus(changes: Partial<AgentStatus>) {
  return buildServer(options({ status: () => ({ ...sampleStatus, ...changes }) }));
}

async function listening(limits?: Partial<Limits>): Promise<number> {
  const server = new HttpServer(options({ limits }));
  onTestFinished(() => server.stop());
  return (await server.start()).port;
}

/** Opens a connection, writes, and resolves with everything the server sends until it closes the connection. */
async function exchange(port: number, sent: string | Uint8Array): Promise<string> {
  const socket = open(port);
  const closed = closing(socket);
  const received: Buffer[] = [];
  socket.on('data', (data: Buffer) => received.push(data));
  socket.write(sent);
  await closed;
  return Buffer.concat(received).toString('latin1');
}

function open(port: number): Socket {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  onTestFinished(() => void socket.destroy());
  return socket;
}

/** Resolves when the connection has ended, by an error too. */
function closing(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.on('close', () => resolve()));
}

async function isHealthy(port: number): Promise<boolean> {
  const answer = await request(`http://127.0.0.1:${port}/health`);
  await answer.body.dump();
  return answer.statusCode === 200;
}

describe('routes', () => {
  test('/health answers whatever sinks and sources do', async () => {
    const answer = await withStatus({ state: 'draining', sinks: [] }).inject('/health');
    expect(answer.statusCode).toBe(200);
    expect(answer.json()).toEqual({ status: 'ok', version: '0.1.0', uptime_seconds: 12.5 });
  });

  test('/ready answers 200 when running and a sink accepts', async () => {
    const answer = await withStatus({}).inject('/ready');
    expect(answer.statusCode).toBe(200);
    expect(answer.json()).toEqual({ status: 'ready' });
  });

  test.each(['starting', 'draining', 'stopped'] as const)('/ready answers 503 while %s', async (state) => {
    const answer = await withStatus({ state }).inject('/ready');
    expect(answer.statusCode).toBe(503);
    expect(answer.json()).toEqual({ status: 'not_ready', reasons: [`the agent is ${state}`] });
  });

  test('/ready answers 503 and names the sinks when none accepts', async () => {
    const answer = await withStatus({ sinks: [sampleStatus.sinks[1]!] }).inject('/ready');
    expect(answer.statusCode).toBe(503);
    expect(answer.json().reasons).toEqual(['sink loki is retrying: refused']);
  });

  test('/metrics hands on the Accept header and the content type', async () => {
    const headers = { accept: 'application/openmetrics-text' };
    const answer = await buildServer(options()).inject({ url: '/metrics', headers });
    expect(answer.headers['content-type']).toBe('text/plain; version=0.0.4');
    expect(answer.body).toBe('asked for application/openmetrics-text\n');
  });

  test('/api/status answers every field of the status', async () => {
    const answer = await buildServer(options()).inject('/api/status');
    expect(answer.json()).toEqual(sampleStatus);
  });

  test('/api/status answers without the optional fields', async () => {
    const { last_error: _error, details: _details, ...sink } = sampleStatus.sinks[0]!;
    const answer = await withStatus({ sinks: [sink] }).inject('/api/status');
    expect(answer.json().sinks).toEqual([sink]);
  });

  test('/api/status shows a count gone wrong instead of failing', async () => {
    const sink = sampleStatus.sinks[0]!;
    const sinks = [{ ...sink, ledger: { ...sink.ledger, in_flight: -1, balanced: false } }];
    const answer = await withStatus({ sinks }).inject('/api/status');
    expect(answer.json().sinks[0].ledger.in_flight).toBe(-1);
  });

  test('answers are not cached and not sniffed', async () => {
    const { headers } = await buildServer(options()).inject('/api/status');
    expect(headers).toMatchObject({ 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' });
  });
});

describe('errors are problem JSON', () => {
  test('an unknown path is 404 and its query is not repeated', async () => {
    const answer = await buildServer(options()).inject('/api/nothing?token=secret');
    expect(answer.statusCode).toBe(404);
    expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/);
    expect(answer.json()).toEqual({
      type: 'about:blank',
      title: 'Not Found',
      status: 404,
      detail: 'Nothing answers GET on this path.',
      instance: '/api/nothing',
    });
  });

  test('a path that cannot be decoded is 400', async () => {
    const answer = await buildServer(options()).inject('/%ff%');
    expect(answer.statusCode).toBe(400);
    expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/);
  });

  test('a fault of ours is 500, logged, and its message stays inside', async () => {
    const error = vi.fn();
    const status = () => {
      throw new Error('secret detail');
    };
    const answer = await buildServer(options({ status, log: { ...silent, error } })).inject('/api/status');
    expect(answer.statusCode).toBe(500);
    expect(answer.json().title).toBe('Internal Server Error');
    expect(answer.body).not.toContain('secret');
    expect(error).toHaveBeenCalledWith(expect.objectContaining({ path: '/api/status' }), expect.any(String));
  });

  test('an answer that does not fit its schema is 500', async () => {
    const answer = await withStatus({ state: 'confused' as never }).inject('/api/status');
    expect(answer.statusCode).toBe(500);
  });

  describe('with a body', () => {
    function withPost() {
      const server = buildServer(options());
      server.post('/rules', { schema: { body: z.object({ rate: z.number().max(1) }) } }, async () => 'ok');
      return server;
    }

    test('a wrong field is named', async () => {
      const answer = await withPost().inject({ method: 'POST', url: '/rules', payload: { rate: 2 } });
      expect(answer.statusCode).toBe(400);
      expect(answer.json().errors).toEqual([{ field: 'body.rate', detail: 'expected at most 1' }]);
      expect(answer.json().detail).toMatch(/^body\.rate: /);
    });

    test('an empty one is none, also where JSON is promised', async () => {
      const headers = { 'content-type': 'application/json' };
      const server = withPost();
      server.delete('/rules', async ({ body }) => ({ body: body ?? 'none' }));
      const deleted = await server.inject({ method: 'DELETE', url: '/rules', headers });
      expect(deleted.json()).toEqual({ body: 'none' });
      const posted = await server.inject({ method: 'POST', url: '/rules', headers });
      expect(posted.json()).toMatchObject({ status: 400, detail: expect.stringMatching(/^body: expected/) });
    });

    test.each(['{"__proto__": 1}', '{"constructor": {"prototype": 1}}'])('%s is refused', async (payload) => {
      const headers = { 'content-type': 'application/json' };
      const answer = await withPost().inject({ method: 'POST', url: '/rules', headers, payload });
      expect(answer.statusCode).toBe(400);
    });

    test('broken JSON is 400', async () => {
      const headers = { 'content-type': 'application/json' };
      const answer = await withPost().inject({ method: 'POST', url: '/rules', headers, payload: '{' });
      expect(answer.json()).toMatchObject({ status: 400, title: 'Bad Request' });
    });

    test('a body over the limit is 413', async () => {
      const payload = { rate: 1, filler: 'x'.repeat(1 << 20) };
      const answer = await withPost().inject({ method: 'POST', url: '/rules', payload });
      expect(answer.json()).toMatchObject({ status: 413, title: 'Payload Too Large' });
    });

    test('an unknown content type is 415', async () => {
      const headers = { 'content-type': 'text/csv' };
      const answer = await withPost().inject({ method: 'POST', url: '/rules', headers, payload: 'a,b' });
      expect(answer.json()).toMatchObject({
        status: 415,
        detail: expect.stringContaining('content-type: application/json'),
      });
    });
  });
});

describe('on a real socket', () => {
  test('a port that is in use is named, with what to do', async () => {
    const port = await listening();
    const second = new HttpServer(options({ port }));
    await expect(second.start()).rejects.toThrow(
      `server: cannot listen on 127.0.0.1:${port}: the port is in use. Stop the program that has it (another log-capturer?) or set another server.port.`,
    );
    await second.stop();
  });

  test('an address of another machine is named, with what to do', async () => {
    const server = new HttpServer(options({ host: '192.0.2.1', auth: { tokens: TOKENS } }));
    await expect(server.start()).rejects.toThrow(/192\.0\.2\.1:0: no interface .* server\.host/);
    await server.stop();
  });

  test('a head over the limit is 431 and the server lives on', async () => {
    const port = await listening();
    const answer = await exchange(
      port,
      `GET /health HTTP/1.1\r\nhost: x\r\nx: ${'y'.repeat(20_000)}\r\n\r\n`,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 431 Request Header Fields Too Large\r\n/);
    expect(answer).toContain('"status":431');
    expect(await isHealthy(port)).toBe(true);
  });

  test('what is not HTTP is 400 and the server lives on', async () => {
    const port = await listening();
    const answer = await exchange(port, '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 not http\r\n\r\n');
    expect(answer).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n.*content-type: application\/problem\+json/s);
    expect(await isHealthy(port)).toBe(true);
  });

  test('an expectation that is not understood is 417', async () => {
    const port = await listening();
    const answer = await exchange(port, 'GET /health HTTP/1.1\r\nhost: x\r\nexpect: wonders\r\n\r\n');
    expect(answer).toMatch(/^HTTP\/1\.1 417 Expectation Failed\r\n.*"status":417/s);
  });

  test('no bytes whatever bring it down', async () => {
    const port = await listening({ head_timeout: 20, request_timeout: 20, check_interval: 5 });
    const start = fc.constantFrom(
      '',
      'GET ',
      'GET /health HTTP/1.1\r\n',
      'POST / HTTP/1.1\r\ncontent-length: 9\r\n\r\n',
    );
    await fc.assert(
      fc.asyncProperty(start, fc.uint8Array({ maxLength: 300 }), async (head, bytes) => {
        await exchange(port, Buffer.concat([Buffer.from(head), bytes, Buffer.from('\r\n\r\n')]));
      }),
      { numRuns: 50 },
    );
    expect(await isHealthy(port)).toBe(true);
  });

  test('a client that sends its request too slowly is answered 408 and cut off', async () => {
    const port = await listening({ head_timeout: 50, request_timeout: 50, check_interval: 10 });
    const answer = await exchange(port, 'GET /health HTTP/1.1\r\nhost: x\r\n');
    expect(answer).toMatch(/^HTTP\/1\.1 408 Request Timeout\r\n/);
    expect(await isHealthy(port)).toBe(true);
  });

  test('a client that leaves in the middle of a request harms nobody', async () => {
    const port = await listening();
    const socket = open(port);
    socket.write('POST /health HTTP/1.1\r\ncontent-length: 100\r\n\r\nhalf');
    await once(socket, 'connect');
    socket.resetAndDestroy();
    expect(await isHealthy(port)).toBe(true);
  });
});

describe('stop', () => {
  let server: HttpServer;
  afterEach(() => server.stop());

  test('closes open connections, idle ones and unfinished ones', async () => {
    server = new HttpServer(options());
    const { port } = await server.start();
    const idle = open(port);
    idle.write('GET /health HTTP/1.1\r\nhost: x\r\n\r\n');
    await once(idle, 'data');
    const unfinished = open(port);
    await once(unfinished, 'connect');
    unfinished.write('GET /health HTTP/1.1\r\n');
    const closed = Promise.all([closing(idle), closing(unfinished)]);
    await server.stop();
    await closed;
  });

  test('is safe without start and safe twice', async () => {
    server = new HttpServer(options());
    await server.stop();
    await server.stop();
  });

  test('frees the port', async () => {
    server = new HttpServer(options());
    const { port } = await server.start();
    await server.stop();
    server = new HttpServer(options({ port }));
    expect(await server.start()).toEqual({ port });
  });
});
