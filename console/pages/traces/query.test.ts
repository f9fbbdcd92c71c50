import { expect, test } from 'vitest';
import { filtersOf, isFiltered, pathOf, traceIdIn } from './query.ts';

const id = '63d7c308ed6754b3f9d7de2b40455b62';

test('only what is set is asked for', () => {
  expect(pathOf(filtersOf({}), 50)).toBe('api/traces?limit=50');
  expect(isFiltered(filtersOf({ id: 'x' }))).toBe(false);
});

test('filters become the parameters of the API', () => {
  const filters = filtersOf({
    source: '/a b',
    outcome: 'dropped',
    min: '1s',
    since: '5m',
    type: 'system',
    reason: 'mode',
  });
  expect(isFiltered(filters)).toBe(true);
  expect(pathOf(filters, 9)).toBe(
    'api/traces?source=%2Fa+b&reason=mode&outcome=dropped&min_duration=1s&since=5m&type=system&limit=9',
  );
});

test('a trace id is known by its form, also inside a traceparent', () => {
  expect(traceIdIn(` ${id.toUpperCase()} `)).toBe(id);
  expect(traceIdIn(`00-${id}-728f12c080de77d1-01`)).toBe(id);
  expect(traceIdIn('nginx')).toBeNull();
  expect(pathOf(filtersOf({ search: id }), 1)).toBe(`api/traces?trace_id=${id}&limit=1`);
});

test('anything else that is typed is a source', () => {
  expect(pathOf(filtersOf({ search: 'nginx' }), 1)).toBe('api/traces?source=nginx&limit=1');
});
