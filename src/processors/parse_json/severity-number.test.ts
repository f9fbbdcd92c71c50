import { expect, test } from 'vitest';
import { severityNumber } from './severity-number.ts';

test.each([
  ['trace', 1],
  ['DEBUG', 5],
  ['Info', 9],
  ['INFORMATION', 9],
  ['notice', 10],
  ['WARN', 13],
  ['warning', 13],
  ['Error', 17],
  ['err', 17],
  ['SEVERE', 17],
  ['critical', 18],
  ['alert', 19],
  ['FATAL', 21],
  ['Emerg', 21],
  ['eRRoR', 17],
  [' info ', 9],
])('the name %s is %i', (name, number) => {
  expect(severityNumber(name)).toBe(number);
});

test.each([
  [10, 1],
  [20, 5],
  [30, 9],
  [40, 13],
  [50, 17],
  [60, 21],
  [35, 9],
])("pino's and bunyan's %i is %i", (level, number) => {
  expect(severityNumber(level)).toBe(number);
});

test.each([
  [0, 21],
  [1, 19],
  [2, 18],
  [3, 17],
  [4, 13],
  [5, 10],
  [6, 9],
  [7, 5],
])('the syslog severity %i is %i', (level, number) => {
  expect(severityNumber(level)).toBe(number);
});

test.each([
  '',
  'loud',
  'constructor',
  '__proto__',
  'x'.repeat(1e6),
  8,
  70,
  -1,
  2.5,
  Number.NaN,
  true,
  null,
  {},
  undefined,
])('an unknown level is 0 (case %#)', (level) => {
  expect(severityNumber(level)).toBe(0);
});
