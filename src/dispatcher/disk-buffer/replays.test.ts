import { expect, test } from 'vitest';
import { RecordingLog } from '../../../test/fixtures/pipeline.ts';
import { FakeClock } from '../../component/fake-clock.ts';
import { Kernel } from '../../kernel/kernel.ts';
import { SlotReaders } from '../slot-readers.ts';
import { Replays, type ReplaysOptions } from './replays.ts';

function memory() {
  const kernel = Kernel.create({ memoryBytes: 2 ** 16, slotBytes: 2 ** 14, slotRecords: 10 });
  return { kernel, readers: new SlotReaders(kernel.slots) };
}

test('whenever it is told that there is something, it looks', async () => {
  // Also between its last look and its own end, some turns of the microtask queue later.
  for (let turns = 0; turns < 40; turns++) {
    let looks = 0;
    const store = {
      unread: 1,
      async next() {
        looks++;
        return null;
      },
    };
    const replays = new Replays({
      id: 'out',
      store,
      lane: { isFailing: false, concurrency: 1 },
      ...memory(),
      clock: new FakeClock(),
      log: new RecordingLog(),
      onEnded() {},
    } as unknown as ReplaysOptions);
    replays.pump();
    for (let turn = 0; turn < turns; turn++) await Promise.resolve();
    const before = looks;
    replays.pump();
    await new Promise((resolve) => setImmediate(resolve));
    expect(looks, `told after ${turns} turns`).toBeGreaterThan(before);
    replays.close();
  }
});

test('a buffer that cannot be read is tried every second, and that is logged once a minute', async () => {
  let looks = 0;
  const store = {
    unread: 1,
    async next() {
      looks++;
      throw new Error('EIO');
    },
  };
  const clock = new FakeClock();
  const log = new RecordingLog();
  const replays = new Replays({
    id: 'out',
    store,
    lane: { isFailing: false, concurrency: 1 },
    ...memory(),
    clock,
    log,
    onEnded() {},
  } as unknown as ReplaysOptions);
  replays.pump();
  await clock.advance(59_500);
  expect(looks).toBe(60);
  expect(log.lines).toHaveLength(1);
  await clock.advance(1000);
  expect(log.lines).toHaveLength(2);
  replays.close();
});
