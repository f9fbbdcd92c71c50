import { expect, test } from 'vitest';
import { sampleStatus } from '../../src/component/sample-status.ts';
import { sampleTracingStatus } from '../../src/component/sample-tracing-status.ts';
import type { Reading } from './feed.ts';
import { growth } from './rates.ts';

function reading(uptime_seconds: number, batches: number): Reading {
  const dispatcher = { ...sampleStatus.dispatcher, batches };
  const status = { ...sampleStatus, uptime_seconds, dispatcher } as Reading['status'];
  return { status, tracing: sampleTracingStatus, at: 0 };
}
const batches = ({ status }: Reading) => status.dispatcher.batches;

test('growth is by the clock of the agent', () => {
  expect(growth([reading(10, 100), reading(11, 130), reading(12.5, 200)], batches)).toBe(40);
});

test('one reading says nothing', () => {
  expect(growth([reading(10, 100)], batches)).toBeNull();
  expect(growth([], batches)).toBeNull();
});

test('a counter that is not there has no growth', () => {
  expect(growth([reading(10, 100), reading(11, 130)], () => undefined)).toBeNull();
});
