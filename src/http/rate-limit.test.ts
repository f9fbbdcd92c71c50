import { expect, test } from 'vitest';
import { bearer, CONTROL_TOKEN, READ_TOKEN, TOKENS, testServer } from './server.fixture.ts';

const LIMIT = { rate_limit: { requests: 2, per: 10_000 } };

function asking(options: object = {}) {
  const it = testServer({ ...LIMIT, ...options });
  const ask = async (headers: object = {}, remoteAddress = '127.0.0.1', url = '/api/whoami') =>
    (await it.server.inject({ url, headers: { ...headers }, remoteAddress })).statusCode;
  return { ...it, ask };
}

test('a client that asks too often is told when to come back', async () => {
  const { ask, server, counts } = asking();
  expect([await ask(), await ask()]).toEqual([200, 200]);
  const answer = await server.inject('/api/whoami');
  expect([answer.statusCode, answer.headers['retry-after']]).toEqual([429, '5']);
  expect(answer.json().detail).toBe('More than 2 requests within 10 s (server.rate_limit); ask less often.');
  expect(counts.limited).toBe(1);
});

test('it may ask again after that time', async () => {
  const { ask, clock } = asking();
  for (let i = 0; i < 3; i++) await ask();
  await clock.advance(5000);
  expect(await ask()).toBe(200);
});

test('clients do not use up the budgets of one another', async () => {
  const { ask } = asking();
  for (let i = 0; i < 3; i++) await ask({}, '10.0.0.1');
  expect(await ask({}, '10.0.0.2')).toBe(200);
});

test('a token is a client wherever it is sent from, and apart from others there', async () => {
  const { ask } = asking({ auth: { tokens: TOKENS } });
  await ask(bearer(READ_TOKEN), '10.0.0.1');
  await ask(bearer(READ_TOKEN), '10.0.0.2');
  expect(await ask(bearer(READ_TOKEN), '10.0.0.3')).toBe(429);
  expect(await ask(bearer(CONTROL_TOKEN), '10.0.0.3')).toBe(200);
});

test('requests that are refused count, too', async () => {
  const { ask } = asking({ auth: { tokens: TOKENS } });
  expect([await ask(), await ask(), await ask()]).toEqual([401, 401, 429]);
});

test('probes are always answered', async () => {
  const { ask } = asking();
  for (let i = 0; i < 9; i++) expect(await ask({}, '127.0.0.1', '/health')).toBe(200);
});
