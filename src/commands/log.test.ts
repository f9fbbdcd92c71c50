import { pino } from 'pino';
import { describe, expect, test } from 'vitest';
import { formatEntry, forPeople } from './log.ts';

const entry = (fields: object) =>
  JSON.stringify({ level: 'info', time: '2026-01-02T03:04:05.678Z', msg: 'hello', ...fields });
const withoutTime = (text: string) => text.replace(/\d\d:\d\d:05\.678/, 'TIME');
const format = (fields: object, colours = false) => withoutTime(formatEntry(entry(fields), colours));

describe('an entry for people', () => {
  test('is time, level, message', () => {
    expect(format({})).toBe('TIME info  hello');
  });

  test('has its fields behind the message, quoted where they need it', () => {
    expect(format({ source: 'nginx', path: '/var/log/a b', lines: 3, on: true })).toBe(
      'TIME info  hello source=nginx path="/var/log/a b" lines=3 on=true',
    );
  });

  test('shows what an error says', () => {
    expect(format({ level: 'error', err: { type: 'Error', message: 'no space', code: 'ENOSPC' } })).toBe(
      'TIME error hello err="no space"',
    );
  });

  test('has a stack on lines of its own', () => {
    expect(
      format({ level: 'fatal', err: { type: 'Error', message: 'bug' }, stack: 'Error: bug\n at x\u001b[2J' }),
    ).toBe('TIME fatal hello err="bug"\nError: bug\n at x\\u001b[2J');
  });

  test('is coloured when asked to', () => {
    expect(format({ level: 'warn' }, true)).toBe('TIME \u001b[33mwarn \u001b[0m hello');
  });

  test('cannot take over the terminal', () => {
    expect(format({ msg: 'a\u001b[2Jb', path: '\u001b]0;x\u0007' })).toBe(
      'TIME info  a\\u001b[2Jb path="\\u001b]0;x\\u0007"',
    );
  });
});

test("each of the logger's lines is written at once, as text", () => {
  const written: string[] = [];
  const stream = { write: (text: string) => written.push(text) > 0 };
  pino({ formatters: { level: (level) => ({ level }) } }, forPeople(stream, { colours: false })).info(
    { n: 1 },
    'hello',
  );
  expect(written).toHaveLength(1);
  expect(written[0]).toMatch(/ info {2}hello .*n=1\n$/);
});
