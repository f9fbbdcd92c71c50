import { once } from 'node:events';
import { createServer } from 'node:net';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type Bench, bench, deliver, never, type Part, stream } from '../../../test/stubs/delivery.ts';
import { LokiStub, type StubOptions } from '../../../test/stubs/loki.ts';
import type { Delivery } from '../../record/delivery.ts';
import { lokiSink } from './index.ts';
import { LokiSink } from './loki-sink.ts';

const LABELS = '{filename="/var/log/app.log", source="app"}';

let workbench: Bench;
let loki: LokiStub;
const sinks: LokiSink[] = [];

beforeEach(async () => {
  workbench = bench();
  loki = await LokiStub.start();
});

afterEach(async () => {
  for (const sink of sinks.splice(0)) await sink.close();
  await loki.stop();
  expect(workbench.kernel.outputs.free).toBe(workbench.kernel.outputs.size);
});

async function sinkTo(options: object = {}, url = loki.url): Promise<LokiSink> {
  const sink = new LokiSink(lokiSink.schema.parse({ url, ...options }), workbench.context);
  sinks.push(sink);
  await sink.open();
  return sink;
}

async function restart(options: StubOptions): Promise<void> {
  await loki.stop();
  loki = await LokiStub.start(options);
}

const delivery = (...parts: (Part | string)[]): Delivery =>
  deliver(
    workbench,
    parts.map((part) => (typeof part === 'string' ? { text: part } : part)),
  );

const numbered = (count: number) => Array.from({ length: count }, (_, i) => `line ${i}`);
const text = (lines: readonly string[]) => lines.map((line) => `${line}\n`).join('');

test('records arrive under labels, in order, as protobuf with snappy', async () => {
  const sink = await sinkTo({ tenant_id: 'team', headers: { 'x-extra': 'yes' } });
  await sink.write(delivery('b\na\r\n'), never);
  expect(loki.lines(LABELS)).toEqual(['b', 'a']);
  expect(loki.requests).toHaveLength(1);
  expect(loki.requests[0]!.headers).toMatchObject({
    'content-type': 'application/x-protobuf',
    'content-encoding': 'snappy',
    'x-scope-orgid': 'team',
    'x-extra': 'yes',
  });
  expect(sink.status()).toMatchObject({ records: 2, requests: 1, active_streams: 1 });
});

test.each(['gzip', 'none'])('json arrives the same, compressed with %s', async (compression) => {
  const sink = await sinkTo({ format: 'json', compression });
  const other = stream({ path: '/b', labels: { team: '"ops"' } });
  const parts = [
    { text: 'say "hi"\n\n', severities: [13, 0] },
    { text: 'ü\n', stream: other },
  ];
  await sink.write(delivery(...parts), never);
  expect(loki.lines(LABELS)).toEqual(['say "hi"', '']);
  expect(loki.streams.get('{filename="/b", source="app", team="\\"ops\\""}')?.[0]?.line.toString()).toBe('ü');
  expect(loki.streams.get(LABELS)!.map(({ metadata }) => metadata)).toEqual([{ level: 'warn' }, {}]);
});

test('filtered records are left out', async () => {
  const sink = await sinkTo();
  await sink.write(delivery({ text: 'a\nb\nc\n', live: [0, 2] }), never);
  expect(loki.lines()).toEqual(['a', 'c']);
});

test('equal lines read at the same time are all kept, over batches too', async () => {
  const sink = await sinkTo();
  await sink.write(delivery('same\nsame\n', 'same\n'), never);
  await sink.write(delivery('same\n'), never);
  expect(loki.lines()).toEqual(['same', 'same', 'same', 'same']);
  expect(loki.duplicates).toBe(0);
});

test('a retry stores nothing twice, although the first attempt had arrived', async () => {
  const sink = await sinkTo();
  const sent = delivery('a\nb\n');
  await sink.write(sent, never);
  sent.accepted = 0;
  await workbench.clock.advance(5000);
  await sink.write(sent, never);
  expect(loki.lines()).toEqual(['a', 'b']);
  expect(loki.duplicates).toBe(2);
});

test('what was read earlier has the earlier time, also when it is sent later', async () => {
  const sink = await sinkTo();
  await sink.write(delivery({ text: 'c\nd\n', readAt: 2000 }), never);
  await sink.write(delivery({ text: 'a\nb\n', readAt: 1000 }), never);
  await sink.write(delivery({ text: 'e\n', readAt: 2000 }), never);
  const times = loki.streams.get(LABELS)!.toSorted((a, b) => (a.ns < b.ns ? -1 : 1));
  expect(times.map(({ line }) => line.toString())).toEqual(['a', 'b', 'c', 'd', 'e']);
});

test('lines read together have the same times when a disk buffer has divided them, in whatever order they are sent', async () => {
  const sink = await sinkTo();
  await sink.write(delivery({ text: 'a\nb\nc\n', readAt: 1000 }), never);
  const times = loki.streams.get(LABELS)!.map(({ ns }) => ns);
  const again = await sinkTo();
  const rest = delivery({ text: 'c\n', readAt: 1000 });
  Object.assign(rest.segments[0]!, { earlier: 2 });
  await again.write(rest, never);
  await again.write(delivery({ text: 'a\nb\n', readAt: 1000 }), never);
  expect(loki.streams.get(LABELS)!.map(({ ns }) => ns)).toEqual(times);
  expect(loki.duplicates).toBe(3);
});

test('times rise although the clock is set back', async () => {
  const sink = await sinkTo();
  await sink.write(delivery({ text: 'a\nb\n', readAt: 1000 }), never);
  vi.spyOn(workbench.clock, 'toEpoch').mockImplementation((monotonic) => monotonic);
  await sink.write(delivery({ text: 'c\n', readAt: 2000 }), never);
  const [a, b, c] = loki.streams.get(LABELS)!.map(({ ns }) => ns);
  expect([b! - a!, c! - b!]).toEqual([1n, 1n]);
});

test("a record's own time is used, and equal lines of the same time are kept", async () => {
  const times = [5n, 5n, 0n, 6n, 6n].map((ns) => (ns === 0n ? ns : 1_700_000_000_000_000_000n + ns));
  const parts = [{ text: 'a\na\nnone\na\na\n', timestamps: times }];
  const sink = await sinkTo();
  const sent = delivery(...parts);
  await sink.write(sent, never);
  const entries = loki.streams.get(LABELS)!;
  expect(entries.filter(({ line }) => line.toString() === 'a').map(({ ns }) => ns % 100n)).toEqual([
    5n,
    6n,
    7n,
    8n,
  ]);
  expect(entries.find(({ line }) => line.toString() === 'none')!.ns).toBeGreaterThan(
    1_750_000_000_000_000_000n,
  );
  expect([...sent.batch.slot.timestamps.subarray(0, 5)]).toEqual(times);
});

test('timestamp: read ignores the time in the record', async () => {
  const sink = await sinkTo({ timestamp: 'read' });
  await sink.write(delivery({ text: 'a\n', timestamps: [5n] }), never);
  expect(loki.streams.get(LABELS)![0]!.ns).toBe(BigInt(Date.UTC(2026, 10, 22, 18, 5, 11)) * 1_000_000n);
});

test('levels and chosen fields become structured metadata', async () => {
  const sink = await sinkTo({ structured_metadata: ['level', 'user.id', 'tags', 'none'] });
  const fields = [
    { user: { id: 7 }, tags: ['a'], secret: 'x' },
    undefined,
    { 'user.id': 'dotted', tags: '' },
  ];
  await sink.write(delivery({ text: '1\n2\n3\n', severities: [17, 9, 0], fields }), never);
  expect(loki.streams.get(LABELS)!.map(({ metadata }) => metadata)).toEqual([
    { level: 'error', user_id: '7', tags: '["a"]' },
    { level: 'info' },
    { user_id: 'dotted' },
  ]);
});

test('a Loki that takes no structured metadata gets the records without, and that is logged once', async () => {
  await restart({ allowMetadata: false });
  const sink = await sinkTo();
  for (let i = 0; i < 2; i++) await sink.write(delivery({ text: `${i}\n`, severities: [9] }), never);
  expect(loki.lines()).toEqual(['0', '1']);
  expect(workbench.logged).toHaveLength(1);
});

test('beyond max_streams new files share a stream and carry their name as metadata', async () => {
  const sink = await sinkTo({ max_streams: 2 });
  for (const path of ['/1', '/2', '/3', '/4'])
    await sink.write(delivery({ text: `${path}\n`, stream: stream({ path }) }), never);
  expect([...loki.streams.keys()].toSorted()).toEqual([
    '{filename="/1", source="app"}',
    '{filename="/2", source="app"}',
    '{source="app"}',
  ]);
  expect(loki.streams.get('{source="app"}')!.map(({ metadata }) => metadata)).toEqual([
    { filename: '/3' },
    { filename: '/4' },
  ]);
  expect(sink.status()).toMatchObject({ active_streams: 2, overflowed_streams: 2 });
  expect(workbench.logged).toMatchObject([
    { level: 'warn', message: expect.stringContaining('max_streams') },
  ]);
});

test('a delivery larger than max_request_bytes is sent in several requests', async () => {
  const sink = await sinkTo({ max_request_bytes: '4KiB' });
  const lines = numbered(1000);
  await sink.write(delivery(text(lines.slice(0, 10)), text(lines.slice(10))), never);
  expect(loki.lines()).toEqual(lines);
  expect(loki.requests.length).toBeGreaterThan(5);
  expect(Math.max(...loki.requests.map(({ rawBytes }) => rawBytes))).toBeLessThanOrEqual(4096);
});

test.each(['protobuf', 'json'])(
  'a record larger than max_request_bytes is sent alone as %s',
  async (format) => {
    const sink = await sinkTo({ max_request_bytes: '4KiB', format });
    const large = 'x'.repeat(20_000);
    await sink.write(delivery(text(['a', large, 'b'])), never);
    expect(loki.lines()).toEqual(['a', large, 'b']);
  },
);

test('a body that Loki finds too large is divided, and the next ones are smaller at once', async () => {
  await restart({ maxBytes: 10_000 });
  const sink = await sinkTo();
  const lines = numbered(2000);
  await sink.write(delivery(text(lines)), never);
  expect(loki.lines()).toEqual(lines);
  const before = loki.requests.length;
  await sink.write(delivery(text(numbered(100))), never);
  expect(loki.requests.slice(before).every(({ rawBytes }) => rawBytes <= 10_000)).toBe(true);
  expect(workbench.logged).toHaveLength(1);
});

test('a single record that Loki finds too large is refused, the others arrive', async () => {
  await restart({ maxBytes: 1000 });
  const sink = await sinkTo();
  const sent = delivery(text(['a', 'x'.repeat(2000), 'b']));
  await expect(sink.write(sent, never)).rejects.toMatchObject({
    name: 'PartialError',
    reason: 'too_large',
    count: 1,
    indexes: [1],
  });
  expect(loki.lines()).toEqual(['a', 'b']);
});

test('an answer of 500 because of size divides too', async () => {
  loki.next.push({
    status: 500,
    text: 'rpc error: code = ResourceExhausted desc = trying to send message larger than max (5 vs. 4)',
  });
  const sink = await sinkTo();
  await sink.write(delivery('a\nb\n'), never);
  expect(loki.lines()).toEqual(['a', 'b']);
});

test.each([
  [
    { status: 429, headers: { 'retry-after': '7' } },
    { reason: '429', retryAfterMs: 7000 },
  ],
  [
    { status: 503, headers: { 'retry-after': 'Sun, 22 Nov 2026 18:05:41 GMT' } },
    { reason: '5xx', retryAfterMs: 30_000 },
  ],
  [
    { status: 500, text: 'boom' },
    { reason: '5xx', retryAfterMs: 0, message: 'Loki answered 500: boom' },
  ],
  [{ status: 401 }, { reason: 'unauthorized', retryAfterMs: 15_000 }],
  [{ status: 403 }, { reason: 'unauthorized' }],
  [{ status: 404 }, { reason: 'wrong_url' }],
  [{ status: 302 }, { reason: 'wrong_url' }],
  ['cut' as const, { reason: 'connection_lost' }],
])('%j is tried again and then arrives once', async (misbehaviour, expected) => {
  loki.next.push(misbehaviour);
  const sink = await sinkTo();
  const sent = delivery('a\n');
  await expect(sink.write(sent, never)).rejects.toMatchObject({ name: 'RetryableError', ...expected });
  expect(sent.accepted).toBe(0);
  await sink.write(sent, never);
  expect(loki.lines()).toEqual(['a']);
});

test('no answer in time is tried again', async () => {
  loki.next.push('hang');
  const sink = await sinkTo({ timeout: '3s' });
  const arrived = loki.arrival();
  const failed = expect(sink.write(delivery('a\n'), never)).rejects.toMatchObject({ reason: 'timeout' });
  await arrived;
  await workbench.clock.advance(3000);
  await failed;
});

test('a port that nobody listens on is tried again', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  const sink = await sinkTo({}, `http://127.0.0.1:${port}`);
  await expect(sink.write(delivery('a\n'), never)).rejects.toMatchObject({ reason: 'refused' });
});

test('abort ends a request', async () => {
  loki.next.push('hang');
  const sink = await sinkTo();
  const abort = new AbortController();
  const arrived = loki.arrival();
  const failed = expect(sink.write(delivery('a\n'), abort.signal)).rejects.toThrow('stopping');
  await arrived;
  abort.abort(new Error('stopping'));
  await failed;
});

test('when a later request fails, the retry sends only what was not accepted', async () => {
  const sink = await sinkTo({ max_request_bytes: '4KiB' });
  const lines = numbered(600);
  const sent = delivery(text(lines));
  loki.next.push('normal', 'normal', { status: 500 });
  await expect(sink.write(sent, never)).rejects.toMatchObject({ reason: '5xx' });
  expect(sent.accepted).toBeGreaterThan(0);
  await sink.write(sent, never);
  expect(loki.lines()).toEqual(lines);
  expect(loki.duplicates).toBe(0);
});

const TOO_OLD =
  'entry too far behind, entry timestamp is: 2026-10-07T01:35:32Z, oldest acceptable timestamp is: 2026-10-07T03:23:59Z';

test('of partly refused records exactly the refused ones are named', async () => {
  const bad = new Set(['line 3', 'line 500', 'line 501', 'line 999']);
  await restart({ refuse: ({ line }) => (bad.has(line.toString()) ? TOO_OLD : undefined) });
  const sink = await sinkTo();
  const lines = numbered(1000);
  const sent = delivery(text(lines.slice(0, 400)), text(lines.slice(400)));
  await expect(sink.write(sent, never)).rejects.toMatchObject({
    name: 'PartialError',
    reason: 'too_old',
    count: 4,
    indexes: [3, 500, 501, 999],
  });
  expect(loki.lines()).toEqual(lines.filter((line) => !bad.has(line)));
  expect(sent.accepted).toBe(1000);
});

test('named are rows of the batch, also where records were filtered', async () => {
  await restart({ refuse: ({ line }) => (line.toString() === 'd' ? 'entry out of order' : undefined) });
  const sink = await sinkTo();
  const sent = delivery('a\n', { text: 'b\nc\nd\n', live: [0, 2] });
  await expect(sink.write(sent, never)).rejects.toMatchObject({ reason: 'out_of_order', indexes: [3] });
});

test('a wholly refused delivery takes one request', async () => {
  await restart({ refuse: () => TOO_OLD });
  const sink = await sinkTo();
  await expect(sink.write(delivery(text(numbered(1000))), never)).rejects.toMatchObject({
    name: 'PermanentError',
    reason: 'too_old',
  });
  expect(loki.requests).toHaveLength(1);
});

test('the older half being refused takes few requests', async () => {
  await restart({ refuse: ({ line }) => (Number(line.toString().slice(5)) < 700 ? TOO_OLD : undefined) });
  const sink = await sinkTo();
  await expect(sink.write(delivery(text(numbered(1000))), never)).rejects.toMatchObject({ count: 700 });
  expect(loki.lines()).toHaveLength(300);
  expect(loki.requests.length).toBeLessThan(30);
});

test('bad records all over end in a bounded number of requests, and none is lost unnamed', async () => {
  await restart({ refuse: ({ line }) => (Number(line.toString().slice(5)) % 2 === 0 ? TOO_OLD : undefined) });
  const sink = await sinkTo();
  const sent = delivery(text(numbered(2000)));
  const error = await sink.write(sent, never).catch((thrown) => thrown);
  expect(loki.requests.length).toBeLessThan(200);
  const refused = new Set<number>(error.indexes);
  const stored = new Set(loki.lines().map((line) => Number(line.slice(5))));
  for (let i = 0; i < 2000; i++) expect(refused.has(i) || stored.has(i)).toBe(true);
});

test('lines too long for Loki are refused alone', async () => {
  await restart({ maxLineBytes: 10 });
  const sink = await sinkTo();
  const sent = delivery(text(['short', 'much too long a line', 'fine']));
  await expect(sink.write(sent, never)).rejects.toMatchObject({ reason: 'line_too_long', indexes: [1] });
  expect(loki.lines()).toEqual(['short', 'fine']);
});

test('records refused before a failure are still reported after the retry', async () => {
  await restart({ maxLineBytes: 10 });
  const sink = await sinkTo({ max_request_bytes: '4KiB' });
  const lines = ['much too long a line', ...numbered(600)];
  const sent = delivery(text(lines));
  // Enough for the first body to be halved down to the bad record.
  loki.next.push(...Array.from({ length: 16 }, () => 'normal' as const), { status: 503 });
  await expect(sink.write(sent, never)).rejects.toMatchObject({ reason: '5xx' });
  expect(sent.accepted).toBeGreaterThan(0);
  await expect(sink.write(sent, never)).rejects.toMatchObject({
    name: 'PartialError',
    count: 1,
    indexes: [0],
  });
  expect(loki.lines()).toEqual(lines.slice(1));
});

test('what was refused before a failure is known to the dispatcher, should it give up', async () => {
  await restart({ maxLineBytes: 10 });
  const sink = await sinkTo({ max_request_bytes: '4KiB' });
  const sent = delivery(text(['much too long a line', ...numbered(600)]));
  loki.next.push(...Array.from({ length: 16 }, () => 'normal' as const), { status: 503 });
  await expect(sink.write(sent, never)).rejects.toMatchObject({ reason: '5xx' });
  expect(sent.refused).toEqual([0]);
});

test('what another sink in its place was refused before is not forgotten', async () => {
  await restart({ maxLineBytes: 10 });
  const lines = ['much too long a line', ...numbered(600)];
  const sent = delivery(text(lines));
  loki.next.push(...Array.from({ length: 16 }, () => 'normal' as const), { status: 503 });
  const before = await sinkTo({ max_request_bytes: '4KiB' });
  await expect(before.write(sent, never)).rejects.toMatchObject({ reason: '5xx' });
  const after = await sinkTo();
  await expect(after.write(sent, never)).rejects.toMatchObject({
    name: 'PartialError',
    count: 1,
    indexes: [0],
  });
  expect(loki.lines()).toEqual(lines.slice(1));
});

test('what somebody else than Loki answers gives up no record', async () => {
  loki.next.push({ status: 400, text: 'Client sent an HTTP request to an HTTPS server.' });
  const sink = await sinkTo();
  const sent = delivery('a\nb\n');
  await expect(sink.write(sent, never)).rejects.toMatchObject({
    name: 'RetryableError',
    reason: 'bad_request',
    retryAfterMs: 15_000,
    message: expect.stringContaining('HTTP request to an HTTPS server'),
  });
  await sink.write(sent, never);
  expect(loki.lines()).toEqual(['a', 'b']);
});

test('a message holds no log text and is short', async () => {
  loki.next.push({ status: 400, text: 'ReadObject: error found in #10 byte of ...|secret text|...' });
  const sink = await sinkTo({ format: 'json' });
  const error = await sink.write(delivery('a\n'), never).catch((thrown) => thrown);
  expect(error.message).toContain('Loki answered 400: ReadObject: error found in the body');
  expect(error.message).not.toContain('secret');
  loki.next.push({ status: 500, text: 'x'.repeat(100_000) });
  const long = await sink.write(delivery('a\n'), never).catch((thrown) => thrown);
  expect(long.message.length).toBeLessThan(350);
});

test('closing is safe before opening and twice', async () => {
  const sink = new LokiSink(lokiSink.schema.parse({ url: loki.url }), workbench.context);
  await sink.close();
  await sink.open();
  await sink.close();
  await sink.close();
});

test.each(['protobuf', 'json'])('any lines arrive intact and in order as %s', async (format) => {
  const sink = await sinkTo({ format, max_request_bytes: '4KiB' });
  const bytes = fc
    .uint8Array({ maxLength: 60 })
    .map((each) => Buffer.from(each.filter((byte) => byte !== 10 && byte !== 13)));
  const utf8 = fc
    .string({ unit: 'binary', maxLength: 60 })
    .map((each) => Buffer.from(each.replace(/[\r\n]/g, '')));
  const line = format === 'protobuf' ? bytes : utf8;
  let run = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(line, { minLength: 1, maxLength: 40 }), { minLength: 1, maxLength: 6 }),
      async (segments) => {
        const path = `/run/${++run}`;
        const tailed = stream({ path });
        const sent = deliver(
          workbench,
          segments.map((lines) => ({
            text: Buffer.concat(lines.flatMap((each) => [each, Buffer.from('\n')])),
            stream: tailed,
          })),
        );
        await sink.write(sent, never);
        workbench.kernel.slots.give(sent.batch.slot);
        const stored = loki.streams.get(`{filename="${path}", source="app"}`)!;
        expect(stored.map((entry) => entry.line)).toEqual(segments.flat());
      },
    ),
    { numRuns: 40 },
  );
});
