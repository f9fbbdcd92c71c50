import { describe, expect, test } from 'vitest';
import { TOKENS, testServer } from './server.fixture.ts';

async function read(host: string, options: object = {}, url = '/api/status'): Promise<number> {
  return (await testServer(options).server.inject({ url, headers: { host } })).statusCode;
}

async function change(headers: Record<string, string>, options: object = {}) {
  const { server, tracing } = testServer(options);
  const payload = { source_id: 'nginx' };
  const answer = await server.inject({ method: 'POST', url: '/api/tracing/enable', payload, headers });
  return { status: answer.statusCode, changed: tracing.rules.size > 0 };
}

describe('a server on a loopback address', () => {
  test.each([
    'localhost:8401',
    'LOCALHOST',
    'localhost.',
    '127.0.0.1:8401',
    '[::1]:8401',
    '10.0.0.7',
    'app.localhost',
  ])('answers as %s, which nobody can re-point', async (host) => {
    expect(await read(host)).toBe(200);
  });

  test.each([
    'evil.example',
    'evil.example:8401',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    '[evil]',
  ])('does not answer as %j (DNS rebinding)', async (host) => {
    expect(await read(host)).toBe(421);
  });

  test('answers as what is allowed', async () => {
    expect(await read('Logs.Example.com:80', { allowed_hosts: ['logs.example.com'] })).toBe(200);
  });

  test('answers probes whatever they call it', async () => {
    expect(await read('evil.example', {}, '/health')).toBe(200);
  });
});

describe('a server that others reach', () => {
  const open = { host: '0.0.0.0', auth: { tokens: TOKENS } };

  test('answers as anything', async () => {
    expect(await read('agent.example', open)).toBe(401);
  });

  test('answers only as what is allowed, once anything is', async () => {
    const options = { ...open, allowed_hosts: ['agent.example'] };
    expect([await read('agent.example', options), await read('evil.example', options)]).toEqual([401, 421]);
  });
});

describe('a change', () => {
  const host = '127.0.0.1:8401';

  test('is taken from programs, which name no origin', async () => {
    expect(await change({ host })).toEqual({ status: 200, changed: true });
  });

  test('is taken from our own pages', async () => {
    const headers = { host, origin: `http://${host}`, 'sec-fetch-site': 'same-origin' };
    expect(await change(headers)).toEqual({ status: 200, changed: true });
  });

  test.each(['http://evil.example', 'http://127.0.0.1:3000', 'http://localhost:8401', 'null', 'garbage', ''])(
    'is not taken from a page of %j',
    async (origin) => {
      expect(await change({ host, origin })).toEqual({ status: 403, changed: false });
    },
  );

  test.each(['cross-site', 'same-site'])('is not taken from %s without an origin', async (site) => {
    expect(await change({ host, 'sec-fetch-site': site })).toEqual({ status: 403, changed: false });
  });

  test('is taken from pages of a proxy in front', async () => {
    const allowed_hosts = ['logs.example.com'];
    const headers = { host, origin: 'https://logs.example.com' };
    expect(await change(headers, { allowed_hosts })).toEqual({ status: 200, changed: true });
  });
});

test('pages of others may send GET: they cannot read the answer', async () => {
  const headers = { host: 'localhost', origin: 'http://evil.example' };
  const answer = await testServer().server.inject({ url: '/api/status', headers });
  expect(answer.statusCode).toBe(200);
  expect(answer.headers).not.toHaveProperty('access-control-allow-origin');
});
