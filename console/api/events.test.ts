import fc from 'fast-check';
import { expect, test } from 'vitest';
import { EventReader } from './events.ts';

test('an event has its name and its lines of data', () => {
  expect(new EventReader().push('event: status\ndata: {"a":1}\ndata: 2\n\n')).toEqual([
    { event: 'status', data: '{"a":1}\n2' },
  ]);
});

test('comments, ids and events without data are left out', () => {
  expect(new EventReader().push(': alive\n\nid: 7\n\nevent: x\n\ndata: y\n\n')).toEqual([
    { event: 'message', data: 'y' },
  ]);
});

test('wherever the stream is cut, the events are the same', () => {
  const text = 'event: log\r\ndata: one\r\n\r\n:\n\ndata:two\ndata\n\nevent: log\ndata: three\n\n';
  const whole = new EventReader().push(text);
  expect(whole).toHaveLength(3);
  fc.assert(
    fc.property(fc.array(fc.nat(text.length)), (cuts) => {
      const reader = new EventReader();
      const places = [0, ...cuts.sort((a, b) => a - b), text.length];
      const read = places.slice(1).flatMap((end, index) => reader.push(text.slice(places[index], end)));
      expect(read).toEqual(whole);
    }),
  );
});
