import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text as readText } from 'node:stream/consumers';
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { until } from '../../../test/fixtures/agent.ts';
import { RecordingLog } from '../../../test/fixtures/pipeline.ts';
import { FakeClock } from '../../component/fake-clock.ts';
import type { Intake } from '../../component/source.ts';
import { Kernel } from '../../kernel/kernel.ts';
import type { Chunk } from '../../record/chunk.ts';
import { ContextRow } from '../../record/traced.ts';
import { HttpSource } from './http-source.ts';
import { schema } from './schema.ts';

const TLS = join(import.meta.dirname, '../../../test/fixtures/tls');
const SLOT_BYTES = 4096;
const TOKEN = 'secret-secret-secret-1';

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Record<string, unknown>;
}

interface Post {
  readonly body?: string | Buffer;
  readonly headers?: Record<string, string>;
  readonly method?: string;
  readonly path?: string;
}

let kernel: Kernel;
let clock: FakeClock;
let log: RecordingLog;
let stop: AbortController;
let source: HttpSource;
let running: Promise<void>;
/** Records handed over, and whether they are committed at once. */
let records: string[];
let chunks: Chunk[];
let commits: boolean;
let contexts: string[];

beforeEach(() => {
  kernel = Kernel.create({ memoryBytes: 2 ** 18, slotBytes: SLOT_BYTES, slotRecords: 100 });
  clock = new FakeClock();
  log = new RecordingLog();
  stop = new AbortController();
  records = [];
  chunks = [];
  contexts = [];
  commits = true;
  running = Promise.resolve();
});
afterEach(async () => {
  stop.abort();
  for (const chunk of chunks) chunk.stream.commit(chunk.position);
  await running;
});

const intake = (): Intake => ({
  slots: kernel.slots,
  handle(chunk) {
    const { slot, count, position, stream } = chunk;
    for (let row = 0; row < count; row++) {
      const start = slot.starts[row]!;
      records.push(kernel.bytes.toString('utf8', start, start + slot.lengths[row]!));
      const at = row * ContextRow.size;
      if (chunk.hasContexts) contexts.push(Buffer.from(slot.contexts.subarray(at, at + 16)).toString('hex'));
    }
    kernel.slots.give(slot);
    chunks.push(chunk);
    if (commits) stream.commit(position);
  },
});

async function start(config: object = {}): Promise<void> {
  const parsed = schema.parse({ listen: '127.0.0.1:0', ...config });
  const positions = { get() {}, entries: () => [], set() {}, delete() {} };
  source = new HttpSource(parsed, {
    id: 'web',
    log,
    clock,
    kernel,
    stateDir: '',
    labels: { team: 'x' },
    positions,
  });
  running = source.run(intake(), stop.signal);
  await Promise.race([running, until(() => detail('listen') !== undefined)]);
}

const detail = (name: string) => source.status().details?.[name];
const port = () => Number(/:(\d+)$/.exec(String(detail('listen')))![1]);

function send({ body, headers, method = 'POST', path = '/logs' }: Post, tls?: object): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const options = {
      host: '127.0.0.1',
      port: port(),
      method,
      path,
      agent: false as const,
      headers: { 'content-type': 'text/plain', ...headers },
      ...tls,
    };
    const request = (tls === undefined ? httpRequest : httpsRequest)(options, (response) => {
      const { statusCode, headers } = response;
      readText(response).then(
        (answer) => resolve({ status: statusCode!, headers, body: JSON.parse(answer) }),
        reject,
      );
    });
    request.on('error', reject).end(body);
  });
}

const text = (body: string | Buffer, headers = {}) => send({ body, headers });
const ndjson = (body: string) => send({ body, headers: { 'content-type': 'application/x-ndjson' } });
const json = (body: string) => send({ body, headers: { 'content-type': 'application/json; charset=UTF-8' } });

describe('a web page', () => {
  test.each([{ origin: 'https://evil.example' }, { origin: 'null' }, { 'sec-fetch-site': 'cross-site' }])(
    'is refused: %j',
    async (headers) => {
      await start();
      const { status, headers: answer } = await text('x', headers);
      expect([status, answer['content-type']]).toEqual([403, 'application/problem+json']);
      expect(records).toEqual([]);
    },
  );

  test('is served when it knows the token', async () => {
    await start({ token: TOKEN });
    const headers = { origin: 'https://app.example', authorization: `Bearer ${TOKEN}` };
    expect((await text('x', headers)).status).toBe(200);
  });
});

describe('bodies', () => {
  test('text: a record a line, the last one also without its end', async () => {
    await start();
    const { status, headers, body } = await text('one\r\n\ntwo è\nthree');
    expect({ status, body }).toEqual({ status: 200, body: { accepted: 4, rejected: 0, errors: [] } });
    expect(headers['content-type']).toBe('application/json');
    expect(records).toEqual(['one', '', 'two è', 'three']);
    expect(chunks[0]!.stream).toMatchObject({
      id: 'web',
      source: 'web',
      sourceType: 'http',
      labels: { team: 'x' },
    });
  });

  test('text of many slots arrives whole and in order', async () => {
    await start();
    const lines = Array.from({ length: 2000 }, (_, k) => `line ${k} ${'x'.repeat(k % 70)}`);
    expect((await text(lines.join('\n'))).body).toEqual({ accepted: 2000, rejected: 0, errors: [] });
    expect(records).toEqual(lines);
    expect(kernel.slots.free).toBe(kernel.slots.size);
  });

  test('a line over the limit is cut', async () => {
    await start({ max_line_bytes: '1KiB' });
    await text('x'.repeat(2500));
    expect(records.map((record) => record.length)).toEqual([1024, 1024, 452]);
  });

  test('NDJSON: a record a line; blank lines are none', async () => {
    await start();
    expect((await ndjson('{"a":1}\n{"b":2}\n')).body).toMatchObject({ accepted: 2 });
    expect((await ndjson('\n{"c":3}\r\n  \r\nnot json\n\n')).body).toMatchObject({ accepted: 2 });
    expect(records).toEqual(['{"a":1}', '{"b":2}', '{"c":3}', 'not json']);
  });

  test('validated NDJSON: a bad line is named and costs no other', async () => {
    await start({ validate: true });
    const { status, body } = await ndjson('{"a":1}\n{bad\n\n"text"\nnope');
    expect(status).toBe(200);
    expect(body).toEqual({
      accepted: 2,
      rejected: 2,
      errors: [
        { line: 2, error: 'not valid JSON' },
        { line: 5, error: 'not valid JSON' },
      ],
    });
    expect(records).toEqual(['{"a":1}', '"text"']);
  });

  test('a JSON array: strings are their text, objects their JSON, on one line and with all digits', async () => {
    await start();
    const { body } = await json('["a\\tb\\u00e8",\n {"n": 12345678901234567890,\r\n  "s": "x"},\n 7, {bad}]');
    expect(body).toEqual({
      accepted: 2,
      rejected: 2,
      errors: [
        { line: 3, error: 'expected a string or an object' },
        { line: 4, error: 'not valid JSON' },
      ],
    });
    expect(records).toEqual(['a\tbè', '{"n": 12345678901234567890, "s": "x"}']);
  });

  test('a JSON array of many slots arrives whole and in order; an element that is too long is named', async () => {
    await start();
    const values = Array.from({ length: 1000 }, (_, k) => ({ k, pad: 'x'.repeat(k === 500 ? 3000 : 50) }));
    const { body } = await json(JSON.stringify(values));
    expect(body).toMatchObject({
      accepted: 999,
      rejected: 1,
      errors: [{ line: 501, error: 'longer than 2048 bytes (max_line_bytes)' }],
    });
    expect(records.map((record) => JSON.parse(record).k)).toEqual(
      values.map(({ k }) => k).filter((k) => k !== 500),
    );
    expect(kernel.slots.free).toBe(kernel.slots.size);
  });

  test('one object is an array of one', async () => {
    await start();
    expect((await json('{"a":1}')).body).toMatchObject({ accepted: 1 });
    expect(records).toEqual(['{"a":1}']);
  });

  test('what is no JSON array is refused whole, without a word of what it says', async () => {
    await start();
    const { status, headers, body } = await json('["good", secret');
    expect(status).toBe(400);
    expect(headers['content-type']).toBe('application/problem+json');
    expect(body.detail).toBe('The body is not valid JSON: expected "," or "]" at the end of the body.');
    expect(records).toEqual([]);
  });

  test('when nothing was good the answer is an error that says why', async () => {
    await start();
    const { status, body } = await json('[1]');
    expect({ status, rejected: body.rejected, accepted: body.accepted }).toEqual({
      status: 400,
      rejected: 1,
      accepted: 0,
    });
    expect(kernel.slots.free).toBe(kernel.slots.size);
  });

  test('nothing is nothing', async () => {
    await start();
    expect(await text('')).toMatchObject({ status: 200, body: { accepted: 0, rejected: 0 } });
    expect(await json('[]')).toMatchObject({ status: 200, body: { accepted: 0, rejected: 0 } });
  });

  test.each([
    ['gzip', gzipSync],
    ['x-gzip', gzipSync],
    ['deflate', deflateSync],
    ['zstd', zstdCompressSync],
    ['br', brotliCompressSync],
  ])('%s is decompressed', async (encoding, compress) => {
    await start();
    const body = compress(Buffer.from('one\ntwo\n'));
    expect(await text(body, { 'content-encoding': encoding })).toMatchObject({ body: { accepted: 2 } });
    expect(records).toEqual(['one', 'two']);
    expect(detail('body_bytes')).toBe(0);
  });
});

describe('refusals', () => {
  test.each<[string, Post, number, RegExp]>([
    ['another path', { path: '/other' }, 404, /POST \/logs/],
    ['another method', { method: 'GET', body: '' }, 405, /POST \/logs/],
    ['no type', { headers: { 'content-type': '' } }, 415, /content-type; send text\/plain/],
    [
      'a form',
      { headers: { 'content-type': 'application/x-www-form-urlencoded' } },
      415,
      /Unknown content-type/,
    ],
    ['a charset', { headers: { 'content-type': 'text/plain; charset=latin1' } }, 415, /Unknown charset/],
    ['an encoding', { headers: { 'content-encoding': 'compress' } }, 415, /send gzip/],
    [
      'a word of JavaScript as encoding',
      { headers: { 'content-encoding': 'constructor' } },
      415,
      /send gzip/,
    ],
    ['a word of JavaScript as type', { headers: { 'content-type': 'constructor' } }, 415, /Unknown content/],
    ['broken gzip', { body: 'no gzip', headers: { 'content-encoding': 'gzip' } }, 400, /is no gzip/],
    [
      'cut gzip',
      { body: gzipSync('abc').subarray(0, 15), headers: { 'content-encoding': 'gzip' } },
      400,
      /gzip/,
    ],
  ])('%s', async (_, post, status, detail) => {
    await start();
    const answer = await send({ body: 'x', ...post });
    expect(answer.status).toBe(status);
    expect(answer.headers['content-type']).toBe('application/problem+json');
    expect(answer.body.detail).toMatch(detail);
    expect(records).toEqual([]);
  });

  test('bodies over the limit: declared, streamed and decompressed', async () => {
    await start({ max_body_bytes: '1KiB' });
    expect((await text('x'.repeat(2000))).status).toBe(413);
    expect((await send({ body: 'x'.repeat(2000), headers: { 'transfer-encoding': 'chunked' } })).status).toBe(
      413,
    );
    const bomb = gzipSync(Buffer.alloc(200_000));
    expect(bomb.length).toBeLessThan(1024);
    expect((await text(bomb, { 'content-encoding': 'gzip' })).status).toBe(413);
    expect(detail('body_bytes')).toBe(0);
    expect((await text('fine')).status).toBe(200);
  });

  test('a client that is sending reads its answer, and is cut off when it does not stop', async () => {
    await start({ max_body_bytes: '1KiB' });
    const socket = connect(port(), '127.0.0.1');
    let answer = '';
    socket.setEncoding('utf8').on('data', (piece: string) => {
      answer += piece;
    });
    socket.on('error', () => {});
    const head =
      'POST /logs HTTP/1.1\r\nhost: x\r\ncontent-type: text/plain\r\ncontent-length: 999999\r\n\r\n';
    socket.write(`${head}${'x'.repeat(100_000)}`);
    await until(() => answer.includes('max_body_bytes'));
    expect(answer).toMatch(/^HTTP\/1.1 413 .*connection: close/s);
    const closed = new Promise((resolve) => socket.on('close', resolve));
    await clock.waiting();
    await clock.advance(2000);
    await closed;
  });

  test('no memory for bodies: 429, and later the same is taken', async () => {
    await start({ max_body_bytes: '1MiB', body_memory: '1MiB' });
    const socket = connect(port(), '127.0.0.1');
    socket.write(
      `POST /logs HTTP/1.1\r\nhost: x\r\ncontent-type: text/plain\r\ncontent-length: 900000\r\n\r\n`,
    );
    socket.write(Buffer.alloc(800_000, 'x'));
    await until(() => detail('body_bytes') === 800_000);
    const answer = await text('x'.repeat(500_000));
    expect(answer).toMatchObject({ status: 429, headers: { 'retry-after': '1' } });
    socket.destroy();
    await until(() => detail('body_bytes') === 0);
    expect((await text('x'.repeat(500_000))).status).toBe(200);
  });

  test('a token is asked for before the body is read', async () => {
    await start({ token: TOKEN });
    for (const authorization of [undefined, 'Bearer wrong', TOKEN, 'Basic eDp5']) {
      const answer = await text('x', authorization === undefined ? {} : { authorization });
      expect(answer).toMatchObject({ status: 401, headers: { 'www-authenticate': 'Bearer' } });
    }
    expect((await text('x', { authorization: `Bearer ${TOKEN}` })).status).toBe(200);
    expect(records).toEqual(['x']);
  });

  test('a token may come from a file', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'http-source-'));
    await writeFile(join(dir, 'token'), `${TOKEN}\n`);
    await start({ token_file: join(dir, 'token') });
    await rm(dir, { recursive: true });
    expect((await text('x')).status).toBe(401);
    expect((await text('x', { authorization: `bearer ${TOKEN}` })).status).toBe(200);
  });

  test('a client that asks first is told before it sends its body', async () => {
    await start({ token: TOKEN });
    const ask = (extra: object) =>
      new Promise<string>((resolve, reject) => {
        const request = httpRequest({
          host: '127.0.0.1',
          port: port(),
          method: 'POST',
          path: '/logs',
          agent: false,
          headers: { 'content-type': 'text/plain', 'content-length': 2, expect: '100-continue', ...extra },
        });
        request.on('continue', () => {
          request.end('ok');
          resolve('continue');
        });
        request.on('response', (response) => {
          response.resume();
          resolve(String(response.statusCode));
        });
        request.on('error', reject).flushHeaders();
      });
    expect(await ask({})).toBe('401');
    expect(await ask({ authorization: `Bearer ${TOKEN}` })).toBe('continue');
    await until(() => records.length === 1);
  });

  test('counts what it answered', async () => {
    await start();
    await text('x');
    await send({ path: '/other', body: '' });
    expect(source.status().details).toMatchObject({ requests: 2, answered_4xx: 1, answered_5xx: 0 });
  });
});

describe('memory', () => {
  const takeAll = () => {
    const taken = [];
    for (let slot = kernel.slots.take(); slot !== undefined; slot = kernel.slots.take()) taken.push(slot);
    return taken;
  };

  test('no free slot: waits briefly, then answers 429 and has taken nothing', async () => {
    await start({ busy_timeout: '2s' });
    const slots = takeAll();
    const answer = text('x');
    await clock.waiting();
    await clock.advance(2000);
    expect(await answer).toMatchObject({ status: 429, headers: { 'retry-after': '1' } });
    expect(detail('answered_429')).toBe(1);
    for (const slot of slots) kernel.slots.give(slot);
    expect((await text('x')).status).toBe(200);
    expect(records).toEqual(['x']);
  });

  test('a slot that becomes free in time is used', async () => {
    await start({ busy_timeout: '2s' });
    const slots = takeAll();
    const answer = text('x');
    await clock.waiting();
    for (const slot of slots) kernel.slots.give(slot);
    expect((await answer).status).toBe(200);
  });

  /** Leaves one slot, which whoever takes it keeps. @returns a function that lets others be given back again. */
  function leaveOne(): () => void {
    const slots = takeAll();
    kernel.slots.give(slots.pop()!);
    const give = kernel.slots.give.bind(kernel.slots);
    kernel.slots.give = (slot) => void slots.push(slot);
    return () => {
      kernel.slots.give = give;
    };
  }

  test.each([
    ['', 1000, 4],
    [', also of lines that were cut', 2000, 2],
  ])('memory that becomes full within a request: the answer says how far it was taken%s', async (...row) => {
    const [, length, lines] = row;
    await start({ acknowledge_timeout: '5s', max_line_bytes: '1KiB' });
    const restore = leaveOne();
    const answer = text(`${'x'.repeat(length)}\n`.repeat(6));
    await clock.waiting();
    await clock.advance(5000);
    restore();
    const { status, body } = await answer;
    expect(status).toBe(503);
    expect(records).toHaveLength(4);
    expect(body.accepted).toBe(4);
    expect(body.detail).toContain(`from line ${lines + 1}`);
    expect(records.length).toBeGreaterThan(0);
  });

  test('stopping meanwhile does not wait until what was taken is delivered', async () => {
    await start();
    commits = false;
    const restore = leaveOne();
    const answer = text(`${'x'.repeat(1000)}\n`.repeat(6));
    await clock.waiting();
    stop.abort();
    await running;
    expect(detail('requests_waiting')).toBe(1);
    restore();
    for (const { stream, position } of chunks) stream.commit(position);
    expect(await answer).toMatchObject({ status: 503, body: { accepted: 4 } });
  });
});

describe('acknowledgement', () => {
  test('delivered: the answer waits until the logs are committed', async () => {
    await start();
    commits = false;
    let answered = false;
    const answer = text('x').then((result) => {
      answered = true;
      return result;
    });
    await until(() => detail('requests_waiting') === 1);
    expect(answered).toBe(false);
    chunks[0]!.stream.commit(chunks[0]!.position);
    expect((await answer).status).toBe(200);
  });

  test('a request does not wait for the logs of another', async () => {
    await start();
    commits = false;
    const slow = text('slow');
    await until(() => detail('requests_waiting') === 1);
    commits = true;
    expect((await text('fast')).status).toBe(200);
    chunks[0]!.stream.commit(chunks[0]!.position);
    expect((await slow).status).toBe(200);
  });

  test('takes too long: 503 says what is known', async () => {
    await start({ acknowledge_timeout: '3s' });
    commits = false;
    const answer = text('x');
    await until(() => detail('requests_waiting') === 1);
    await clock.advance(3000);
    expect(await answer).toMatchObject({
      status: 503,
      headers: { 'retry-after': '30' },
      body: { accepted: 1 },
    });
    expect(detail('requests_waiting')).toBe(0);
  });

  test('accepted: the answer comes at once and says so', async () => {
    await start({ acknowledge: 'accepted' });
    commits = false;
    expect(await text('x')).toMatchObject({ status: 202, body: { accepted: 1 } });
  });
});

test('the context of the request is that of each of its records', async () => {
  await start();
  const trace = '0af7651916cd43dd8448eb211c80319c';
  await text('a\nb\n', { traceparent: `00-${trace}-b7ad6b7169203331-01` });
  await text('c\n', { traceparent: 'nonsense' });
  expect(contexts).toEqual([trace, trace]);
  expect(chunks[1]!.hasContexts).toBeUndefined();
});

describe('stopping', () => {
  test('requests whose logs were handed over still get their answer', async () => {
    await start();
    commits = false;
    const answer = text('x');
    await until(() => detail('requests_waiting') === 1);
    stop.abort();
    await running;
    chunks[0]!.stream.commit(chunks[0]!.position);
    expect(await answer).toMatchObject({ status: 200, headers: { connection: 'close' } });
  });

  test('requests that are being received are told to come again', async () => {
    await start();
    const socket = connect(port(), '127.0.0.1');
    let answer = '';
    socket.setEncoding('utf8').on('data', (piece: string) => {
      answer += piece;
    });
    socket.write(
      'POST /logs HTTP/1.1\r\nhost: x\r\ncontent-type: text/plain\r\ncontent-length: 9\r\n\r\nhalf',
    );
    await until(() => detail('body_bytes') === 4);
    stop.abort();
    await until(() => answer.includes('none of this request was taken'));
    expect(answer).toMatch(/^HTTP\/1.1 503 .*retry-after: 5/s);
    socket.destroy();
    await running;
    expect(records).toEqual([]);
  });

  test('nothing listens any more', async () => {
    await start();
    const closed = port();
    stop.abort();
    await running;
    const failure = await new Promise((resolve) => connect(closed, '127.0.0.1').on('error', resolve));
    expect(failure).toMatchObject({ code: 'ECONNREFUSED' });
  });
});

describe('opening ahead', () => {
  test('takes the port, so that another cannot have it, and lets go of it again', async () => {
    const make = (listen: string) =>
      new HttpSource(schema.parse({ listen }), {
        id: 'a',
        log,
        clock,
        kernel,
        stateDir: '',
        labels: {},
        positions: { get() {}, entries: () => [], set() {}, delete() {} },
      });
    const first = make('127.0.0.1:0');
    await first.open();
    const listen = String(first.status().details!.listen);
    await expect(make(listen).open()).rejects.toMatchObject({ code: 'EADDRINUSE' });
    await first.close();
    const second = make(listen);
    await second.open();
    await second.run(intake(), AbortSignal.abort());
    const third = make(listen);
    await third.open();
    await third.close();
  });

  test('a request that comes before it runs is told to come again', async () => {
    const parsed = schema.parse({ listen: '127.0.0.1:0' });
    const positions = { get() {}, entries: () => [], set() {}, delete() {} };
    source = new HttpSource(parsed, { id: 'a', log, clock, kernel, stateDir: '', labels: {}, positions });
    await source.open();
    expect((await text('x')).status).toBe(503);
    running = source.run(intake(), stop.signal);
    expect((await text('x')).status).toBe(200);
  });
});

describe('connections', () => {
  test('more than the limit are closed at once and counted', async () => {
    await start({ max_connections: 1 });
    const first = connect(port(), '127.0.0.1');
    await until(() => detail('connections') === 1);
    const second = connect(port(), '127.0.0.1');
    await new Promise((resolve) => second.on('close', resolve));
    expect(detail('connections_refused')).toBe(1);
    first.destroy();
  });

  test('a port in use is an error of the run', async () => {
    await start();
    const other = new HttpSource(schema.parse({ listen: `127.0.0.1:${port()}` }), {
      id: 'b',
      log,
      clock,
      kernel,
      stateDir: '',
      labels: {},
      positions: { get() {}, entries: () => [], set() {}, delete() {} },
    });
    await expect(other.run(intake(), stop.signal)).rejects.toMatchObject({ code: 'EADDRINUSE' });
  });

  test('other hosts without a token: allowed, but said', async () => {
    await start({ listen: ':0' });
    expect(log.lines.map(({ level, message }) => `${level}: ${message}`)).toEqual([
      'warn: whoever reaches this address may send logs; set token, or tls.client_ca_file',
    ]);
  });

  test('HTTPS, and clients that must have a certificate', async () => {
    const file = (name: string) => join(TLS, name);
    const [ca, cert, key] = await Promise.all(
      ['ca.pem', 'client.pem', 'client.key'].map((name) => readFile(file(name))),
    );
    const tls = {
      cert_file: file('server.pem'),
      key_file: file('server.key'),
      client_ca_file: file('ca.pem'),
    };
    await start({ tls });
    const options = { ca, servername: 'localhost' };
    expect((await send({ body: 'x' }, { ...options, cert, key })).status).toBe(200);
    await expect(send({ body: 'x' }, options)).rejects.toThrow();
    expect(records).toEqual(['x']);
  });
});
