import { expect, test } from 'vitest';
import { pathOf, questionOf } from './question.ts';

const id = '63d7c308ed6754b3f9d7de2b40455b62';

test.each([
  [id.toUpperCase(), { kind: 'id', id }],
  [`00-${id}-728f12c080de77d1-01`, { kind: 'id', id }],
  ['c1e929f4-mwsc2ci1-00000014333b', { kind: 'id', id: 'c1e929f4-mwsc2ci1-00000014333b' }],
  ['/var/log/nginx/error.log:4711', { kind: 'line', file: '/var/log/nginx/error.log', line: '4711' }],
  ['/var/log/a.log@1024', { kind: 'offset', file: '/var/log/a.log', offset: '1024' }],
  ['/var/log/a.log order 81447122', { kind: 'text', file: '/var/log/a.log', text: 'order 81447122' }],
  [' 81447122 \n', { kind: 'text', text: '81447122' }],
  ['two\nlines', { kind: 'text', text: 'two' }],
])('%s is understood', (pasted, question) => {
  expect(questionOf(pasted)).toEqual(question);
});

test('nothing pasted is nothing asked', () => {
  expect(questionOf('  \n ')).toBeNull();
});

test('a question becomes the parameters of the API', () => {
  expect(pathOf({ kind: 'line', file: '/a b', line: '3' }, 5)).toBe('api/where?file=%2Fa+b&line=3&limit=5');
  expect(pathOf({ kind: 'id', id }, 5)).toBe(`api/where?id=${id}`);
});
