import { type AddressInfo, connect } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { bearer, CONTROL_TOKEN, TOKENS, testServer } from './server.fixture.ts';

const TRACE = '0af7651916cd43dd8448eb211c80319c';

async function spanOf(request: object, options: object = {}) {
  const it = testServer(options);
  await it.server.inject({ url: '/api/whoami', ...request });
  expect(it.spans).toHaveLength(1);
  const { attributes, ...span } = it.spans[0]!;
  return { ...span, attributes: Object.fromEntries(attributes) };
}

test('a request is described by the conventions of OpenTelemetry', async () => {
  const { attributes, ...span } = await spanOf({
    url: '/api/whoami?x=secret',
    headers: { host: 'localhost:8401' },
  });
  expect(span).toEqual({ name: 'GET /api/whoami', parent: null, startedAt: 0, endedAt: 0, failed: false });
  expect(attributes).toEqual({
    'http.request.method': 'GET',
    'http.route': '/api/whoami',
    'http.response.status_code': 200,
    'url.path': '/api/whoami',
    'url.scheme': 'http',
    'server.address': 'localhost',
    'server.port': 8401,
    'client.address': '127.0.0.1',
    'network.protocol.version': '1.1',
    'user_agent.original': 'lightMyRequest',
  });
});

test('ids in paths do not make names of their own', async () => {
  const { name, attributes } = await spanOf({ url: `/api/traces/${TRACE}` });
  expect([name, attributes['http.route']]).toEqual(['GET /api/traces/{id}', '/api/traces/{id}']);
});

test('a path that is not known has no route', async () => {
  const { name, attributes, failed } = await spanOf({ url: '/api/nothing' });
  expect([name, failed]).toEqual(['GET', false]);
  expect(attributes).not.toHaveProperty('http.route');
  expect(attributes).toMatchObject({ 'http.response.status_code': 404, 'url.path': '/api/nothing' });
});

test('the caller’s span is the parent', async () => {
  const { parent } = await spanOf({ headers: { traceparent: `00-${TRACE}-b7ad6b7169203331-01` } });
  expect(parent).toEqual({ traceId: TRACE, spanId: 'b7ad6b7169203331', sampled: true, traceState: '' });
});

test('who is known is named, and tokens are not', async () => {
  const span = await spanOf({ headers: bearer(CONTROL_TOKEN) }, { auth: { tokens: TOKENS } });
  expect(span.attributes['user.name']).toBe('ops');
  expect(JSON.stringify(span)).not.toContain(CONTROL_TOKEN);
});

test('refused requests have spans, too', async () => {
  const { attributes } = await spanOf({}, { auth: { tokens: TOKENS } });
  expect(attributes['http.response.status_code']).toBe(401);
});

test('a fault of ours is a failed span', async () => {
  const status = () => {
    throw new Error('broken');
  };
  const { failed, attributes } = await spanOf({ url: '/api/sinks' }, { status });
  expect([failed, attributes['error.type'], attributes['http.response.status_code']]).toEqual([
    true,
    '500',
    500,
  ]);
});

test.each(['/health', '/ready', '/metrics'])('%s, asked all the time, leaves none', async (url) => {
  const { server, spans } = testServer();
  await server.inject(url);
  expect(spans).toEqual([]);
});

test.each(['/api/status', '/api/tracing/status'])('%s leaves one only for who has a trace', async (url) => {
  const { server, spans } = testServer();
  await server.inject(url);
  expect(spans).toEqual([]);
  await server.inject({ url, headers: { traceparent: `00-${TRACE}-b7ad6b7169203331-01` } });
  expect(spans.map(({ name }) => name)).toEqual([`GET ${url}`]);
});

test('a client that leaves before the answer is a failed span, and counted', async () => {
  const { server, spans, counts } = testServer();
  const entered = Promise.withResolvers<void>();
  const closed = Promise.withResolvers<void>();
  server.get('/slow', async (_request, reply) => {
    reply.raw.once('close', closed.resolve);
    entered.resolve();
    await closed.promise;
  });
  onTestFinished(() => server.close());
  await server.listen({ host: '127.0.0.1', port: 0 });
  const socket = connect((server.server.address() as AddressInfo).port, '127.0.0.1');
  socket.write('GET /slow HTTP/1.1\r\nhost: localhost\r\n\r\n');
  await entered.promise;
  socket.destroy();
  await closed.promise;
  expect(spans.map(({ failed, attributes }) => [failed, attributes.get('error.type')])).toEqual([
    [true, 'aborted'],
  ]);
  expect(counts.answers).toMatchObject({ aborted: 1, '2xx': 0 });
});
