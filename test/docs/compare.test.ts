import { describe, expect, test } from 'vitest';
import { differences } from './compare.ts';

const exactly = { about: false };
const about = { about: true };

describe('JSON', () => {
  test('times and ids may differ', () => {
    const shown = '{"at":"2026-11-22T18:00:00Z","id":"0123456789abcdef0123456789abcdef"}';
    const real = '{"at":"2027-01-01T00:00:00.123Z","id":"ffffffffffffffffffffffffffffffff"}';
    expect(differences('json', shown, real, exactly)).toEqual([]);
  });

  test.each([
    ['a missing field', '{"a":1,"b":2}', '{"a":1}'],
    ['a field too many', '{"a":1}', '{"a":1,"b":2}'],
    ['another number', '{"a":1}', '{"a":2}'],
    ['another word', '{"a":"x"}', '{"a":"y"}'],
    ['another type', '{"a":"1"}', '{"a":1}'],
    ['a list of another length', '[1]', '[1,2]'],
    ['no JSON', '{}', 'not found'],
  ])('%s is noticed', (_, shown, real) => {
    expect(differences('json', shown, real, exactly)).toHaveLength(1);
  });

  test('what is about right may have other numbers, not other words', () => {
    expect(differences('json', '{"a":1,"b":"3s"}', '{"a":27,"b":"1m2s"}', about)).toEqual([]);
    expect(differences('json', '{"a":"x"}', '{"a":"y"}', about)).toHaveLength(1);
  });

  test('an ellipsis stands for a value, the rest of a list and the rest of an object', () => {
    const shown = '{"a":"…","b":[1,"…"],"…":"…"}';
    expect(differences('json', shown, '{"a":{"x":1},"b":[1,2,3],"c":4}', exactly)).toEqual([]);
    expect(differences('json', shown, '{"a":0,"b":[2]}', exactly)).toHaveLength(1);
  });
});

describe('text', () => {
  test('widths of columns do not matter', () => {
    expect(differences('text', 'a   b\n', 'a b', exactly)).toEqual([]);
  });

  test('an ellipsis stands for lines, or for a part of one', () => {
    expect(differences('text', 'a\n…\nd … f', 'a\nb\nc\nd e f', exactly)).toEqual([]);
    expect(differences('text', 'a\n…\nd', 'a\nb\nc', exactly)).toHaveLength(1);
  });

  test('what is about right may have other numbers, durations and sizes', () => {
    expect(differences('text', 'took 198.1 ms of 64MiB, 3 x', 'took 1.2 s of 1.5KiB, 40 x', about)).toEqual(
      [],
    );
    expect(differences('text', 'took 1 ms', 'took one ms', about)).toHaveLength(1);
  });
});
