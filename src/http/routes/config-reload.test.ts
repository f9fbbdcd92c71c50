import { expect, test } from 'vitest';
import type { ReloadResult } from '../../component/status.ts';
import { testOptions } from '../server.fixture.ts';
import { buildServer } from '../server.ts';
import type { ReloadAnswer } from './config-reload.ts';

const RESULT: ReloadResult = {
  result: 'applied',
  trigger: 'api',
  at: '2026-11-22T10:00:00.000Z',
  changes: [{ path: 'tracing.mode', action: 'updated' }],
  took_ms: 7,
};
const REFUSED: ReloadAnswer = {
  result: {
    ...RESULT,
    result: 'refused',
    changes: [],
    problems: ['c.yaml:3:7: tracing.mode: expected "off"'],
  },
  problems: [{ file: 'c.yaml', line: 3, column: 7, path: ['tracing', 'mode'], message: 'expected "off"' }],
};

async function post(answer: ReloadAnswer) {
  const { options, logged } = testOptions({ reload: async () => answer });
  const server = buildServer(options);
  return { response: await server.inject({ method: 'POST', url: '/api/config/reload' }), logged };
}

const audited = (logged: readonly { fields: object }[]) => logged.filter(({ fields }) => 'audit' in fields);

test('answers what changed, and leaves an audit line', async () => {
  const { response, logged } = await post({ result: RESULT, problems: [] });
  expect(response.statusCode).toBe(200);
  expect(response.json()).toEqual(RESULT);
  expect(audited(logged)).toMatchObject([
    { fields: { action: 'config.reload', after: ['tracing.mode updated'] } },
  ]);
});

test('what changed nothing is not audited', async () => {
  const { response, logged } = await post({
    result: { ...RESULT, result: 'unchanged', changes: [] },
    problems: [],
  });
  expect(response.statusCode).toBe(200);
  expect(audited(logged)).toEqual([]);
});

test('a refused file is 422, with each fault and its place', async () => {
  const { response, logged } = await post(REFUSED);
  expect(response.statusCode).toBe(422);
  expect(response.headers['content-type']).toMatch('application/problem+json');
  expect(response.json()).toMatchObject({
    status: 422,
    errors: [{ field: 'tracing.mode', detail: 'c.yaml:3:7: expected "off"' }],
    result: { result: 'refused', problems: ['c.yaml:3:7: tracing.mode: expected "off"'] },
  });
  expect(audited(logged)).toEqual([]);
});
