import { expect, test } from 'vitest';
import { Channels } from './channel.ts';

const turn = () => new Promise((resolve) => setImmediate(resolve));

test('a request has a channel of its own while there are some, then shares the least used', () => {
  const channels = new Channels('http', {}, 2);
  const [first, second] = [channels.take(), channels.take()];
  expect(second).not.toBe(first);
  channels.take();
  channels.release(second);
  channels.release(second);
  expect(channels.take()).toBe(second);
});

test('positions are counted together, and committed ones as well', () => {
  const channels = new Channels('http', {}, 2);
  const [first, second] = [channels.take(), channels.take()];
  expect(first.advance(10)).toEqual({ from: 0, position: 10 });
  expect(second.advance(5)).toEqual({ from: 10, position: 15 });
  expect(first.advance(1)).toEqual({ from: 15, position: 16 });
  second.commit(15);
  expect(channels.positions).toMatchObject({ taken: 16, committed: 5 });
  first.commit(16);
  expect(channels.positions).toMatchObject({ taken: 16, committed: 16 });
});

test('who waits for a position is told when it is committed, in whatever order they asked', async () => {
  const channel = new Channels('http', {}, 1).take();
  const [a, b] = [channel.advance(1).position, channel.advance(1).position];
  const told: string[] = [];
  void channel.committed(b).then(() => told.push('b'));
  void channel.committed(a).then(() => told.push('a'));
  channel.commit(a);
  await turn();
  expect(told).toEqual(['a']);
  channel.commit(b);
  await turn();
  expect(told).toEqual(['a', 'b']);
  await channel.committed(a);
});
