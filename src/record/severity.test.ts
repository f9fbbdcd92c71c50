import { expect, test } from 'vitest';
import { Severity } from './batch.ts';
import { severityName } from './severity.ts';

test('each range of four numbers has one name', () => {
  const names = Array.from({ length: 26 }, (_, number) => severityName(number));
  const four = (name: string) => [name, name, name, name];
  expect(names).toEqual([
    undefined,
    ...['trace', 'debug', 'info', 'warn', 'error', 'fatal'].flatMap(four),
    undefined,
  ]);
});

test('the numbers that processors set have the names of their keys', () => {
  for (const [name, number] of Object.entries(Severity)) {
    expect(severityName(number)).toBe(name === 'unknown' ? undefined : name);
  }
});
