import { expect, test } from 'vitest';
import { spanFilter } from './span-names.ts';

test.each([
  ['dispatcher.queue', 'dispatcher.queue', false],
  ['dispatcher.queue', 'dispatcher_queue', true],
  ['dispatcher.queue', 'my.dispatcher.queue', true],
  ['sink.*.send', 'sink.loki.send', false],
  ['sink.*.send', 'sink.loki.sent', true],
  ['*', 'anything', false],
  ['a+b', 'a+b', false],
  ['a+b', 'aab', true],
])('excluding %s: is %s written? %s', (pattern, name, written) => {
  expect(spanFilter(['other', pattern])(name)).toBe(written);
});
