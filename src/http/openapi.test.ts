import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { OpenApi, type Operation } from './openapi.ts';
import { problemSchema } from './problem.ts';
import { bearer, READ_TOKEN, TOKENS, testServer } from './server.fixture.ts';

type Added = Parameters<ReturnType<typeof testServer>['server']['route']>[0];

/** How a route of one's own is described. */
async function describedAs(
  route: Partial<Added> & Pick<Added, 'method' | 'url'>,
): Promise<Operation | undefined> {
  const { server } = testServer();
  const openApi = new OpenApi(server);
  server.route({ schema: {}, handler: async () => 'x', ...route } as Added);
  await server.ready();
  const path = route.url.replace(/:(\w+)/g, '{$1}');
  return (openApi.document('1').paths[path] as Record<string, Operation> | undefined)?.[
    String(route.method).toLowerCase()
  ];
}

test('the document is served, and is the same each time', async () => {
  const { server } = testServer();
  const first = await server.inject('/api/openapi.json');
  expect(first.headers['content-type']).toMatch(/^application\/json/);
  expect(first.json()).toMatchObject({ openapi: '3.1.1', info: { version: '0.1.0' } });
  expect(first.json().paths).toHaveProperty(['/api/openapi.json', 'get']);
  expect((await server.inject('/api/openapi.json')).body).toBe(first.body);
});

test('it is for those who may read', async () => {
  const { server } = testServer({ auth: { tokens: TOKENS } });
  expect((await server.inject('/api/openapi.json')).statusCode).toBe(401);
  const answer = await server.inject({ url: '/api/openapi.json', headers: bearer(READ_TOKEN) });
  expect(answer.statusCode).toBe(200);
});

test('a path is named by its parameters', async () => {
  const params = z.object({ id: z.string().describe('Which one.') });
  const operation = await describedAs({ method: 'GET', url: '/api/things/:id', schema: { params } });
  expect(operation?.operationId).toBe('getThingsById');
  expect(operation?.parameters).toEqual([
    { name: 'id', in: 'path', required: true, description: 'Which one.', schema: { type: 'string' } },
  ]);
});

test('a query is described as it is written, not as it is understood', async () => {
  const querystring = z.strictObject({
    limit: z.string().transform(Number).default(20),
    text: z.string(),
  });
  const operation = await describedAs({ method: 'GET', url: '/q', schema: { querystring } });
  expect(operation?.parameters?.map(({ name, required }) => [name, required])).toEqual([
    ['limit', false],
    ['text', true],
  ]);
});

describe('a body', () => {
  test('is required unless nothing is accepted', async () => {
    const needed = await describedAs({
      method: 'POST',
      url: '/b',
      schema: { body: z.object({ a: z.string() }) },
    });
    const optional = await describedAs({
      method: 'POST',
      url: '/b',
      schema: { body: z.object({}).optional() },
    });
    expect([needed?.requestBody?.required, optional?.requestBody?.required]).toEqual([true, false]);
  });

  test('brings the errors that bodies have', async () => {
    const operation = await describedAs({ method: 'POST', url: '/b', schema: { body: z.object({}) } });
    expect(Object.keys(operation!.responses)).toEqual(['400', '401', '403', '413', '415', '421', '429']);
  });
});

describe('answers', () => {
  test('may get more fields later, requests may not', async () => {
    const schema = { body: z.strictObject({}), response: { 200: z.object({ a: z.string() }) } };
    const operation = await describedAs({ method: 'POST', url: '/a', schema });
    expect(JSON.stringify(operation?.requestBody)).toContain('"additionalProperties":false');
    expect(JSON.stringify(operation?.responses[200])).not.toContain('additionalProperties');
  });

  test('that are problems refer to what all problems are, and have their type', async () => {
    const response = {
      404: problemSchema,
      409: problemSchema.extend({ mode: z.string() }),
      503: z.object({}),
    };
    const operation = await describedAs({ method: 'GET', url: '/a', schema: { response } });
    expect(operation?.responses[404]).toMatchObject({
      content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
    });
    expect(operation?.responses[409]).toHaveProperty(['content', 'application/problem+json']);
    expect(operation?.responses[503]).toHaveProperty(['content', 'application/json']);
  });

  test('of another type have that type', async () => {
    const schema = { produces: ['text/event-stream'], response: { 200: z.string(), 400: problemSchema } };
    const operation = await describedAs({ method: 'GET', url: '/a', schema });
    expect(operation?.responses[200]).toHaveProperty(['content', 'text/event-stream']);
  });
});

describe('what a route needs', () => {
  const security = async (route: Parameters<typeof describedAs>[0]) => (await describedAs(route))?.security;

  test('is said by its method', async () => {
    expect(await security({ method: 'GET', url: '/a' })).toEqual([
      { token: ['read'] },
      { certificate: ['read'] },
    ]);
    expect(await security({ method: 'PUT', url: '/a' })).toEqual([
      { token: ['control'] },
      { certificate: ['control'] },
    ]);
  });

  test('or by itself', async () => {
    expect(await security({ method: 'POST', url: '/a', config: { access: 'read' } })).toMatchObject([
      { token: ['read'] },
      {},
    ]);
    expect(await security({ method: 'GET', url: '/a', config: { access: 'public' } })).toEqual([]);
  });
});

test('what is no part of the API is left out', async () => {
  expect(await describedAs({ method: 'GET', url: '/page', schema: { hide: true } })).toBeUndefined();
});
