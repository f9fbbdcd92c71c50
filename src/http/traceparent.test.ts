import { describe, expect, test } from 'vitest';
import { parentOf } from './traceparent.ts';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const SPAN = 'b7ad6b7169203331';

test('version 00', () => {
  expect(parentOf(`00-${TRACE}-${SPAN}-01`, undefined)).toEqual({
    traceId: TRACE,
    spanId: SPAN,
    sampled: true,
    traceState: '',
  });
});

test.each([
  ['00', false],
  ['01', true],
  ['03', true],
  ['fe', false],
])('flags %s', (flags, sampled) => {
  expect(parentOf(`00-${TRACE}-${SPAN}-${flags}`, undefined)?.sampled).toBe(sampled);
});

test.each([
  ['no header', undefined],
  ['two headers', [`00-${TRACE}-${SPAN}-01`, `00-${TRACE}-${SPAN}-01`]],
  ['an invalid one', `ff-${TRACE}-${SPAN}-01`],
])('%s is no parent', (_, header) => {
  expect(parentOf(header, 'a=1')).toBeNull();
});

describe('tracestate', () => {
  const state = (header: string | string[] | undefined) =>
    parentOf(`00-${TRACE}-${SPAN}-01`, header)?.traceState;

  test('goes with it, several headers as one', () => {
    expect([state('a=1,b=2'), state(['a=1', 'b=2'])]).toEqual(['a=1,b=2', 'a=1,b=2']);
  });

  test('is left out when it is too long', () => {
    expect(state(`a=${'x'.repeat(600)}`)).toBe('');
  });
});
