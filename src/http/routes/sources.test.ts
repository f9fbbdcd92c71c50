import { expect, test } from 'vitest';
import { sampleStatus } from '../../component/sample-status.ts';
import { buildServer } from '../server.ts';
import { FakeTracing } from './tracing-api.fixture.ts';

/** A source of 10,000 files, the higher the number the larger the lag. */
const many = {
  ...sampleStatus.sources[0]!,
  id: 'many',
  streams: Array.from({ length: 10_000 }, (_, n) => ({
    id: `/var/log/${String(n).padStart(5, '0')}.log`,
    position: 0,
    committed: 0,
    size: n,
    lag_bytes: n,
  })),
};
const status = { ...sampleStatus, sources: [...sampleStatus.sources, many] };

async function get(url: string) {
  const server = buildServer({
    log: { debug() {}, info() {}, warn() {}, error() {} },
    status: () => status,
    metrics: { render: async () => ({ contentType: 'text/plain', body: '' }) },
    tracing: new FakeTracing(),
  });
  const answer = await server.inject({ method: 'GET', url });
  return { status: answer.statusCode, body: answer.json(), bytes: answer.body.length };
}

test('the list counts streams and names none, so that it stays small', async () => {
  const { body, bytes } = await get('/api/sources');
  expect(body.sources.map(({ id }: { id: string }) => id)).toEqual(status.sources.map(({ id }) => id));
  const { streams: _, ...nginx } = sampleStatus.sources[0]!;
  expect(body.sources[0]).toEqual({ ...nginx, stream_count: 2, lag_bytes: 150 });
  expect(body.sources.at(-1)).toMatchObject({ stream_count: 10_000, lag_bytes: 49_995_000 });
  expect(bytes).toBeLessThan(20_000);
});

test('a source shows its streams page by page', async () => {
  const first = await get('/api/sources/many?limit=3');
  expect(first.body.streams.map(({ id }: { id: string }) => id)).toEqual([
    '/var/log/00000.log',
    '/var/log/00001.log',
    '/var/log/00002.log',
  ]);
  const second = await get(`/api/sources/many?limit=3&cursor=${first.body.next_cursor}`);
  expect(second.body.streams[0].id).toBe('/var/log/00003.log');
  expect(second.body).toMatchObject({ stream_count: 10_000, ledger: { read: many.ledger.read } });
});

test('a hundred streams unless asked otherwise', async () => {
  expect((await get('/api/sources/many')).body.streams).toHaveLength(100);
});

test('those that lag most, and those of a name', async () => {
  const most = await get('/api/sources/many?sort=lag&limit=1');
  expect(most.body.streams[0]).toMatchObject({ id: '/var/log/09999.log', lag_bytes: 9999 });
  const named = await get('/api/sources/many?name=0777');
  expect(named.body.streams.map(({ id }: { id: string }) => id)).toHaveLength(11);
  expect(named.body).not.toHaveProperty('next_cursor');
});

test.each([
  ['/api/sources/none', 404, 'No source has this id; configured are'],
  ['/api/sources/many?cursor=nonsense', 400, 'cursor'],
  ['/api/sources/many?limit=0', 400, 'querystring.limit: expected a whole number from 1 to 1000'],
  ['/api/sources/many?limit=1001', 400, 'querystring.limit'],
  ['/api/sources/many?sort=size', 400, 'querystring.sort'],
  [
    '/api/sources/many?sort=lag&page=2',
    400,
    'querystring.page: unknown; accepted: limit, cursor, sort, name',
  ],
  ['/api/sinks/none', 404, 'No sink has this id; configured are'],
])('%s: %i', async (url, code, detail) => {
  const { status: answered, body } = await get(url);
  expect([answered, body.detail]).toEqual([code, expect.stringContaining(detail)]);
});

test('sinks are answered with every field of the status', async () => {
  expect((await get('/api/sinks')).body).toEqual({ sinks: sampleStatus.sinks });
  expect((await get('/api/sinks/loki')).body).toEqual(sampleStatus.sinks.find(({ id }) => id === 'loki'));
});
