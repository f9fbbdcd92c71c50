import { expect, test } from 'vitest';
import { testServer } from './server.fixture.ts';

async function ask(method: 'GET' | 'POST' | 'DELETE' | 'OPTIONS' | 'PUT', url: string) {
  const { statusCode, headers, body } = await testServer().server.inject({ method, url });
  return { status: statusCode, allow: headers.allow, detail: JSON.parse(body).detail };
}

test('another method on a known path is 405 and says which there are', async () => {
  expect(await ask('DELETE', '/api/status?x=1')).toEqual({
    status: 405,
    allow: 'GET, HEAD',
    detail: 'This path takes GET, HEAD, not DELETE.',
  });
  expect(await ask('GET', '/api/tracing/enable')).toMatchObject({ status: 405, allow: 'POST' });
});

test('also where the path has a parameter', async () => {
  expect(await ask('PUT', '/api/traces/0af7651916cd43dd8448eb211c80319c')).toMatchObject({ status: 405 });
});

test.each(['/api', '/api/statuses', '/api/status/', '/api/traces/a/b', '/API/STATUS', '//api/status'])(
  '%s is not known',
  async (url) => {
    expect(await ask('POST', url)).toMatchObject({ status: 404, allow: undefined });
  },
);
