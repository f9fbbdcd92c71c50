import { describe, expect, test } from 'vitest';
import { bearer, CONTROL_TOKEN, READ_TOKEN, TOKENS, testServer } from './server.fixture.ts';

const RULE = { source_id: 'nginx' };

function guarded() {
  const it = testServer({ auth: { tokens: TOKENS } });
  const get = (url: string, headers: object = {}) => it.server.inject({ url, headers: { ...headers } });
  const enable = (headers: object = {}) =>
    it.server.inject({ method: 'POST', url: '/api/tracing/enable', payload: RULE, headers: { ...headers } });
  return { ...it, get, enable };
}

describe('without authentication', () => {
  test('everybody may do everything', async () => {
    const { server } = testServer();
    const answer = await server.inject({ method: 'POST', url: '/api/tracing/enable', payload: RULE });
    expect(answer.statusCode).toBe(200);
    const me = await server.inject('/api/whoami');
    expect(me.json()).toEqual({ name: 'anonymous', role: 'control', via: 'none', auth: false });
  });

  test('a token that comes all the same is not looked at', async () => {
    const answer = await testServer().server.inject({ url: '/api/status', headers: bearer('whatever') });
    expect(answer.statusCode).toBe(200);
  });
});

describe('with tokens', () => {
  test.each(['/health', '/ready'])('%s needs none', async (url) => {
    expect((await guarded().get(url)).statusCode).toBe(200);
  });

  test.each(['/api/status', '/metrics', '/api/openapi.json', '/api/nothing'])('%s needs one', async (url) => {
    const answer = await guarded().get(url);
    expect(answer.statusCode).toBe(401);
    expect(answer.headers['www-authenticate']).toBe('Bearer realm="log-capturer"');
    expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/);
  });

  test('read lets look', async () => {
    const { get } = guarded();
    expect((await get('/api/status', bearer(READ_TOKEN))).statusCode).toBe(200);
    expect((await get('/api/whoami', bearer(READ_TOKEN))).json()).toEqual({
      name: 'grafana',
      role: 'read',
      via: 'token',
      auth: true,
    });
  });

  test('read lets nothing be changed, and the answer names the role that is needed', async () => {
    const { enable, tracing } = guarded();
    const answer = await enable(bearer(READ_TOKEN));
    expect(answer.statusCode).toBe(403);
    expect(answer.json().detail).toBe('This needs the role control, and grafana has the role read.');
    expect(answer.headers['www-authenticate']).toContain('error="insufficient_scope", scope="control"');
    expect(tracing.rules.size).toBe(0);
  });

  test('control lets look and change', async () => {
    const { get, enable } = guarded();
    expect((await enable(bearer(CONTROL_TOKEN))).statusCode).toBe(200);
    expect((await get('/api/status', bearer(CONTROL_TOKEN))).statusCode).toBe(200);
  });

  test('nothing is changed without one', async () => {
    const { enable, tracing } = guarded();
    expect([(await enable()).statusCode, tracing.rules.size]).toEqual([401, 0]);
  });

  test.each(['PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const)(
    '%s on a path that does not take it needs control',
    async (method) => {
      const { server } = guarded();
      const answer = await server.inject({ method, url: '/api/status', headers: bearer(READ_TOKEN) });
      expect(answer.statusCode).toBe(403);
    },
  );

  test('the scheme is read in any case, and only this scheme', async () => {
    const { get } = guarded();
    const status = async (authorization: string) => (await get('/api/status', { authorization })).statusCode;
    expect(await status(`bearer  ${READ_TOKEN} `)).toBe(200);
    expect(await status(`Basic ${READ_TOKEN}`)).toBe(401);
    expect(await status(READ_TOKEN)).toBe(401);
    expect(await status(`Bearer ${READ_TOKEN} ${READ_TOKEN}`)).toBe(401);
  });

  test('a route may ask for less than its method says', async () => {
    const { server } = guarded();
    server.post('/ask', { config: { access: 'read' } }, async () => 'asked');
    const answer = await server.inject({ method: 'POST', url: '/ask', headers: bearer(READ_TOKEN) });
    expect(answer.statusCode).toBe(200);
  });
});

describe('wrong tokens', () => {
  test('are told so, counted and logged, but never shown', async () => {
    const { get, counts, logged } = guarded();
    const answer = await get('/api/status?x=secret', bearer('not-this-one-either'));
    expect(answer.statusCode).toBe(401);
    expect(answer.headers['www-authenticate']).toContain('error="invalid_token"');
    expect(counts.failedLogins).toBe(1);
    expect(logged).toEqual([
      {
        level: 'warn',
        fields: { from: '127.0.0.1', method: 'GET', path: '/api/status', failed_logins: 1 },
        message: 'a wrong token was sent to the API',
      },
    ]);
    expect(answer.body + JSON.stringify(logged)).not.toMatch(/not-this-one|secret/);
  });

  test('are logged no more often than every ten seconds', async () => {
    const { get, clock, logged } = guarded();
    for (let i = 0; i < 5; i++) await get('/api/status', bearer('wrong'));
    expect(logged).toHaveLength(1);
    await clock.advance(10_000);
    await get('/api/status', bearer('wrong'));
    expect(logged[1]?.fields).toMatchObject({ failed_logins: 6 });
  });

  test('get 429 after ten in a minute, and the right one still passes', async () => {
    const { get, clock } = guarded();
    const status = async () => (await get('/api/status', bearer('wrong'))).statusCode;
    for (let i = 0; i < 10; i++) expect(await status()).toBe(401);
    const refused = await get('/api/status', bearer('wrong'));
    expect([refused.statusCode, refused.headers['retry-after']]).toEqual([429, '6']);
    expect((await get('/api/status', bearer(READ_TOKEN))).statusCode).toBe(200);
    await clock.advance(6000);
    expect(await status()).toBe(401);
  });

  test('requests without a token are no failed log-ins', async () => {
    const { get, counts } = guarded();
    for (let i = 0; i < 20; i++) expect((await get('/api/status')).statusCode).toBe(401);
    expect(counts.failedLogins).toBe(0);
  });
});
