import { expect, test } from 'vitest';
import type { WhereResult } from '../http/schemas/where.ts';
import { showWhere } from './show-where.ts';
import { exitCodeOf, queryOf } from './where.ts';

const answer: WhereResult = {
  verdict: 'dead_lettered',
  basis: 'seen',
  explanation: 'audit rejected it (400). The original bytes are in the dead letters.',
  source: 'app',
  source_id: '/in/a.log',
  file: '/in/a.log.1',
  file_id: '1:2',
  line: 7,
  offset: 512,
  trace_id: 'a'.repeat(32),
  sinks: [
    { id: 'archive', state: 'delivered', at: '2026-11-22T14:00:00.300Z', attempts: 1 },
    { id: 'audit', state: 'dead_lettered', at: '2026-11-22T14:00:00.200Z', attempts: 2, reason: '400' },
  ],
  stages: [
    { name: 'read', at: '2026-11-22T14:00:00.000Z', until: '2026-11-22T14:00:00.100Z' },
    { name: 'done', at: '2026-11-22T14:00:00.300Z' },
  ],
  dead_letters: [{ sink: 'audit', file: '/d/audit-000001.jsonl', line: 3, reason: '400', message: 'no' }],
  matches: 1,
  complete: true,
  others: [],
};

test('an answer for people', () => {
  expect(showWhere(answer)).toBe(`Dead-lettered
audit rejected it (400). The original bytes are in the dead letters.

source       app
file         /in/a.log.1 (read as /in/a.log)
line         7
offset       512
trace id     ${'a'.repeat(32)}
read         2026-11-22T14:00:00.000Z to 2026-11-22T14:00:00.100Z
done         2026-11-22T14:00:00.300Z
dead letter  /d/audit-000001.jsonl, line 3

SINK     STATE          AT                        ATTEMPTS  WHY
archive  delivered      2026-11-22T14:00:00.300Z         1
audit    dead-lettered  2026-11-22T14:00:00.200Z         2  400
`);
});

test('several lines, and that there may be more', () => {
  const { matches: _, complete: __, others: ___, ...line } = answer;
  const text = showWhere({ ...answer, matches: 2, complete: false, others: [{ ...line, line: 6 }] });
  expect(text).toMatch(/line {9}7.*line {9}6/s);
  expect(text.endsWith('\n2 or more lines found, the last ones shown (--all shows up to 100).\n')).toBe(true);
});

test('a line of which nothing is known', () => {
  const nothing = { verdict: 'unknown', basis: 'not_found', explanation: '/a has 3 lines.' } as const;
  expect(showWhere({ ...nothing, sinks: [], stages: [], matches: 0, complete: true, others: [] })).toBe(
    'Unknown\n/a has 3 lines.\n',
  );
});

test.each([
  ['delivered', 0],
  ['in_flight', 3],
  ['not_read_yet', 3],
  ['filtered', 4],
  ['dead_lettered', 4],
  ['dropped', 4],
  ['unknown', 5],
] as const)('%s ends with %d', (verdict, code) => expect(exitCodeOf(verdict)).toBe(code));

test('paths are made absolute, and what is given is passed on as it is', () => {
  expect(String(queryOf({ file: 'a b.log', text: 'x&y=é', all: true }))).toBe(
    `file=${encodeURIComponent(process.cwd())}%2Fa+b.log&text=x%26y%3D%C3%A9&limit=100`,
  );
  expect(String(queryOf({ id: 'abc' }))).toBe('id=abc');
});
