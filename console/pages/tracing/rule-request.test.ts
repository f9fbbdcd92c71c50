import { expect, test } from 'vitest';
import { EMPTY, requestOf, suggestions } from './rule-request.ts';

test('what is left empty is left out', () => {
  expect(requestOf({ ...EMPTY, source: ' nginx ' })).toEqual({
    source_id: 'nginx',
    rate: 1,
    duration: '10m',
  });
});

test('everything that may be said is said', () => {
  const draft = {
    source: 'a',
    rate: '0.01',
    duration: '1h',
    level: 'warn',
    contains: 'x',
    traces: '1,500 traces',
    note: 'OPS-1',
  };
  expect(requestOf(draft)).toEqual({
    source_id: 'a',
    rate: 0.01,
    duration: '1h',
    where: { level: 'warn', contains: 'x' },
    max_traces: 1500,
    note: 'OPS-1',
  });
});

const sources = [
  { id: 'nginx', streams: [{ id: '/var/log/nginx/error.log' }, { id: '/var/log/nginx/err-tls.log' }] },
  { id: 'errors', streams: [{ id: 'errors' }] },
];

test('suggestions begin with what begins so, and name nothing twice', () => {
  expect(suggestions('err', sources, 5).map(({ id }) => id)).toEqual([
    'errors',
    '/var/log/nginx/error.log',
    '/var/log/nginx/err-tls.log',
  ]);
});

test('there are only as many as asked for', () => {
  expect(suggestions('', sources, 2)).toHaveLength(2);
});
