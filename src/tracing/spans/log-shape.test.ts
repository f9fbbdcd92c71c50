import { expect, test } from 'vitest';
import { type LogShape, type Send, sameShape } from './log-shape.ts';

const SEND: Send = { sink: 'loki', attempts: 1, failure: null };
const SHAPE: LogShape = {
  mode: 'hybrid',
  reason: 'base_rate',
  traceState: 'ot=th:c',
  note: 'INC-7',
  outcome: 'delivered',
  failure: null,
  stages: 'events',
  scoped: false,
  joined: false,
  processed: false,
  located: true,
  sends: [SEND],
};
/** Another value of each, so that no shape gets a template that was built for one unlike it. */
const OTHERS: LogShape = {
  mode: 'full-e2e',
  reason: 'adaptive',
  traceState: '',
  note: '',
  outcome: 'dropped',
  failure: 'timeout',
  stages: 'spans',
  scoped: true,
  joined: true,
  processed: true,
  located: false,
  sends: [],
};
const OTHER_SEND: Send = { sink: 'archive', attempts: 2, failure: '429' };

const keysOf = <Value extends object>(value: Value) => Object.keys(value) as (keyof Value)[];

test('shapes of equal parts are the same', () => {
  expect(sameShape(SHAPE, { ...SHAPE, sends: [{ ...SEND }] })).toBe(true);
});

test.each(keysOf(SHAPE))('shapes that differ in %s are not', (key) => {
  expect(sameShape(SHAPE, { ...SHAPE, [key]: OTHERS[key] })).toBe(false);
});

test.each(keysOf(SEND))('nor are those of sends that differ in %s', (key) => {
  const sends = [SEND, { ...SEND, [key]: OTHER_SEND[key] }];
  expect(sameShape({ ...SHAPE, sends: [SEND, SEND] }, { ...SHAPE, sends })).toBe(false);
});
