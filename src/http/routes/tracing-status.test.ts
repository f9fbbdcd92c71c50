import { expect, test } from 'vitest';
import { sampleTracingStatus } from '../../component/sample-tracing-status.ts';
import { MODES, REASONS } from '../../tracing/mode.ts';
import { REASONS as DESCRIBED_REASONS } from '../schemas/traces.ts';
import { modeSchema } from '../schemas/tracing-status.ts';
import { ask, FakeTracing } from './tracing-api.fixture.ts';

test('every field of the status is answered', async () => {
  const { status, body } = await ask(new FakeTracing(), 'GET', '/api/tracing/status');
  expect(status).toBe(200);
  expect(body).toEqual(sampleTracingStatus);
});

test.each(MODES)('it answers in mode %s', async (mode) => {
  const tracing = new FakeTracing();
  tracing.mode = mode;
  const { status, body } = await ask(tracing, 'GET', '/api/tracing/status');
  expect([status, body.mode]).toEqual([200, mode]);
});

test('modes and reasons are described as tracing has them', () => {
  expect(modeSchema.options).toEqual(MODES);
  expect(DESCRIBED_REASONS).toEqual(REASONS);
});
