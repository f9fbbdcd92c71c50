import { beforeEach, describe, expect, test } from 'vitest';
import { testServer } from '../server.fixture.ts';
import type { JaegerApi } from './jaeger-api.ts';

const ID = '0a'.repeat(16);
let asked: unknown;

beforeEach(() => {
  asked = undefined;
});

const jaeger: JaegerApi = {
  services: () => ['agent'],
  operations: (service) =>
    service === 'agent'
      ? [
          { name: 'log.process', spanKind: 'internal' },
          { name: 'sink.loki.send', spanKind: 'client' },
        ]
      : [],
  search(search) {
    asked = search;
    return [{ traceID: ID }];
  },
  trace: (id) => (id === ID || id === ID.slice(1) ? { traceID: id } : null),
};

async function ask(path: string) {
  const { server } = testServer({ jaeger });
  const reply = await server.inject({ method: 'GET', url: `/jaeger/api${path}` });
  return { status: reply.statusCode, body: reply.json() };
}

const ok = (data: unknown[]) => ({
  status: 200,
  body: { data, total: data.length, limit: 0, offset: 0, errors: null },
});

test.each([
  ['/services', ['agent']],
  ['/services/agent/operations', ['log.process', 'sink.loki.send']],
  ['/operations?service=agent&spanKind=client', [{ name: 'sink.loki.send', spanKind: 'client' }]],
  ['/operations?service=other', []],
  ['/dependencies?endTs=1&lookback=2', []],
  [`/traces/${ID}`, [{ traceID: ID }]],
  [`/traces/${ID.slice(1).toUpperCase()}`, [{ traceID: ID.slice(1) }]],
  [`/traces?traceID=${ID}&traceID=ff`, [{ traceID: ID }]],
])('%s', async (path, data) => {
  expect(await ask(path)).toEqual(ok(data));
});

test('a search with all that Grafana sends', async () => {
  const tags = encodeURIComponent('{"error":"true"}');
  const query = `service=agent&operation=log.process&tags=${tags}&tag=a%3Ab%3Ac&start=1700000000000000&end=1700000001500000&minDuration=1.5ms&maxDuration=2m1s&limit=7&lookback=1h`;
  expect(await ask(`/traces?${query}`)).toEqual(ok([{ traceID: ID }]));
  expect(asked).toEqual({
    service: 'agent',
    operation: 'log.process',
    tags: { error: 'true', a: 'b:c' },
    fromMs: 1_700_000_000_000,
    toMs: 1_700_000_001_500,
    minDurationMs: 1.5,
    maxDurationMs: 121_000,
    limit: 7,
  });
});

test('what is left empty is left out', async () => {
  await ask('/traces?service=agent&operation=&tags=&minDuration=&limit=');
  expect(asked).toEqual({ service: 'agent', tags: {}, limit: 100 });
});

describe('refused as Jaeger refuses', () => {
  test.each([
    ['/traces', "parameter 'service' is required"],
    ['/traces?service=a&tags=x', "malformed 'tags'"],
    ['/traces?service=a&tag=x', "malformed 'tag'"],
    ['/traces?service=a&start=now', "unable to parse param 'start'"],
    ['/traces?service=a&minDuration=3', "unable to parse param 'minDuration'"],
    ['/traces?service=a&limit=0', "unable to parse param 'limit'"],
    ['/traces/xyz', 'cannot parse trace ID'],
  ])('%s', async (path, message) => {
    const { status, body } = await ask(path);
    expect([status, body.data, body.errors[0].code]).toEqual([400, null, 400]);
    expect(body.errors[0].msg).toContain(message);
  });

  test('a trace that is not remembered', async () => {
    expect(await ask('/traces/ff')).toEqual({
      status: 404,
      body: { data: null, total: 0, limit: 0, offset: 0, errors: [{ code: 404, msg: 'trace not found' }] },
    });
  });
});
