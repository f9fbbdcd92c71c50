import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { sampleStatus } from '../../component/sample-status.ts';
import { buildServer } from '../server.ts';
import type { ConfigView } from './config.ts';
import { FakeTracing } from './tracing-api.fixture.ts';

const view: ConfigView = {
  file: '/etc/log-capturer.yaml',
  loaded_at: '2026-11-22T18:00:00.000Z',
  last_reload: {
    result: 'refused',
    trigger: 'watch',
    at: '2026-11-22T18:10:00.000Z',
    changes: [{ path: 'sources.a', action: 'replaced' }],
    problems: ['c.yaml:1:1: x: wrong'],
    took_ms: 12,
  },
  reloads: { applied: 1, unchanged: 0, refused: 1 },
  config: { sources: [{ id: 'a', type: 'demo' }], state_dir: './data' },
};

function get(url: string) {
  return buildServer({
    log: { debug() {}, info() {}, warn() {}, error() {} },
    status: () => sampleStatus,
    metrics: { render: async () => ({ contentType: 'text/plain', body: '' }) },
    tracing: new FakeTracing(),
    config: () => view,
  }).inject({ method: 'GET', url });
}

test('the configuration, where it came from and how the last reload went', async () => {
  expect((await get('/api/config')).json()).toEqual(view);
});

test('as YAML it is the configuration alone', async () => {
  const { headers, body } = await get('/api/config?format=yaml');
  expect(headers['content-type']).toMatch(/^application\/yaml/);
  expect(body).toMatch(/^# \/etc\/log-capturer.yaml, read 2026-11-22T18:00:00.000Z; secrets are masked\n/);
  expect(parse(body)).toEqual(view.config);
});

test('400 for another format', async () => {
  const { statusCode } = await get('/api/config?format=xml');
  expect(statusCode).toBe(400);
});
