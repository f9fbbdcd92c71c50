import { describe, expect, test } from 'vitest';
import { type Answer, none, pass, setUp } from '../../../test/fixtures/export-queue.ts';
import { plainSpan, runOf, tracesRun } from '../../../test/stubs/spans.ts';

describe('failures', () => {
  test('what may succeed later is sent again, after growing pauses', async () => {
    const { clock, transport, offer, counts } = setUp({ answers: ['retry', 'retry', 'retry'] });
    offer(4);
    await pass(clock, 999);
    expect(transport.attempts).toHaveLength(1);
    await pass(clock, 1);
    expect(transport.attempts).toHaveLength(2);
    await pass(clock, 1999);
    expect(transport.attempts).toHaveLength(2);
    await pass(clock, 1);
    await pass(clock, 4000);
    expect(transport.attempts).toHaveLength(4);
    expect(counts()).toEqual({ queued: 0, exported: 4, ...none });
  });

  test('half of a pause is left to chance', async () => {
    const { clock, transport, offer } = setUp({ answers: ['retry'], random: () => 0 });
    offer(4);
    await pass(clock, 500);
    expect(transport.attempts).toHaveLength(2);
  });

  test('a longer pause that the destination asks for is kept by every batch', async () => {
    const { clock, transport, offer } = setUp({ answers: [{ after: 20_000 }] });
    offer(8);
    await pass(clock, 19_999);
    expect(transport.attempts).toHaveLength(1);
    await pass(clock, 1);
    await pass(clock, 0);
    expect(transport.attempts).toHaveLength(3);
  });

  test('a pause beyond the time limit of an export ends it, but not the pause', async () => {
    const { clock, transport, offer, counts } = setUp({ answers: [{ after: 60_000 }] });
    offer(4);
    await pass(clock, 0);
    expect(counts()).toEqual({ queued: 0, exported: 0, ...none, export_failed: 4 });
    offer(4);
    await pass(clock, 59_999);
    expect(transport.attempts).toHaveLength(1);
    await pass(clock, 1);
    expect(transport.attempts).toHaveLength(2);
  });

  test('an export is given up when its time is over', async () => {
    const { clock, transport, offer, counts } = setUp({ answers: Array<Answer>(20).fill('retry') });
    offer(4);
    await pass(clock, 31_000);
    expect(counts()).toEqual({ queued: 0, exported: 0, ...none, export_failed: 4 });
    expect(transport.attempts).toHaveLength(5);
  });

  test.each(['refuse', 'break'] as const)('what can never succeed is not sent again (%s)', async (answer) => {
    const { clock, transport, offer, queue, counts } = setUp({ answers: [answer] });
    offer(4);
    await pass(clock, 60_000);
    expect(transport.attempts).toHaveLength(1);
    expect(counts()).toEqual({ queued: 0, exported: 0, ...none, export_failed: 4 });
    expect(queue.status().last_error).toMatch(/400 bad data|a bug/);
  });

  test('that spans are lost is logged at once, however shortly a failure was', async () => {
    const { clock, offer, logged } = setUp({ answers: Array<Answer>(20).fill('retry') });
    offer(4);
    await pass(clock, 31_000);
    expect(logged.map(({ message }) => message)).toEqual([
      'cannot export spans, will try again',
      'spans are dropped: the destination did not take them',
    ]);
  });

  test('the status says when spans were taken again', async () => {
    const { clock, offer, queue } = setUp({ answers: ['retry'] });
    offer(4);
    await pass(clock, 0);
    expect(queue.status().last_exported_at).toBeUndefined();
    await pass(clock, 1000);
    const { last_error_at: failedAt, last_exported_at: exportedAt } = queue.status();
    expect(Date.parse(exportedAt!) - Date.parse(failedAt!)).toBe(1000);
  });

  test('spans that the destination rejects are dropped, the others exported', async () => {
    const { clock, offer, counts } = setUp({ answers: [{ rejects: 3 }] });
    offer(4);
    await pass(clock, 0);
    expect(counts()).toEqual({ queued: 0, exported: 1, ...none, export_failed: 3 });
  });

  test.each(['hang', 'deaf'] as const)(
    'an attempt without an answer ends at its limit (%s)',
    async (answer) => {
      const { clock, transport, offer, queue } = setUp({ answers: [answer] });
      const startedAt = clock.toEpoch(clock.now());
      offer(4);
      await pass(clock, 10_999);
      expect(transport.attempts).toHaveLength(1);
      await pass(clock, 1);
      expect(transport.attempts).toHaveLength(2);
      const { last_error: error, last_error_at: at } = queue.status();
      expect([error, Date.parse(at!) - startedAt]).toEqual(['no answer within 10s', 10_000]);
    },
  );

  test('batches that fail together count as one failure', async () => {
    const { clock, transport, offer } = setUp({ concurrency: 3, answers: ['retry', 'retry', 'retry'] });
    offer(12);
    await pass(clock, 1000);
    expect(transport.attempts).toHaveLength(6);
  });

  test('the ring gets its runs back while nothing can be sent, and the spans survive it', async () => {
    const { clock, transport, offer } = setUp({ answers: ['retry'] });
    const runs = [offer(4), offer(2)];
    await pass(clock, 0);
    runs.push(offer(2));
    for (const run of runs) {
      expect(run.holders).toBe(0);
      run.bytes.fill(0xff);
    }
    await pass(clock, 10_000);
    expect(new Set(transport.accepted).size).toBe(8);
  });

  test('are logged once a minute, and their end once', async () => {
    const { clock, offer, logged } = setUp({ answers: Array<Answer>(10).fill('refuse') });
    for (let i = 0; i < 10; i++) {
      offer(4);
      await pass(clock, 7000);
    }
    expect(logged.map(({ message }) => message)).toEqual([
      'spans are dropped: the destination did not take them',
      'spans are dropped: the destination did not take them',
    ]);
    expect(logged[1]!.fields).toMatchObject({ warnings_not_shown: 8, error: '400 bad data' });
    offer(8);
    await pass(clock, 5000);
    expect(logged.slice(2).map(({ message }) => message)).toEqual(['spans are exported again']);
  });
});

describe('a destination that takes no large requests', () => {
  const settings = { maxExportBatchSize: 100_000, maxQueueSize: 100_000 };
  /** Enough for a batch of 2 MiB. */
  const TRACES = 2 ** 21 / tracesRun(1, 1, 1).bytes.length;

  test.each([false, true])(
    'gets everything in smaller ones, and no large one again (compressed: %s)',
    async (compressed) => {
      const { clock, transport, offer, counts, logged } = setUp({
        settings,
        answers: [{ most: 200_000 }],
        concurrency: 2,
      });
      for (let i = 0; i < 10; i++) offer(Math.ceil(TRACES / 5), 1, compressed);
      const all = 10 * Math.ceil(TRACES / 5);
      await pass(clock, 10_000);
      expect(counts()).toEqual({ queued: 0, exported: all, ...none });
      expect(new Set(transport.accepted).size).toBe(all);
      expect(transport.accepted).toHaveLength(all);
      const told = logged.filter(({ message }) => message.includes('smaller'));
      expect(told.length).toBeGreaterThan(0);
      const before = transport.attempts.length;
      offer(Math.ceil(TRACES / 5), 1, compressed);
      await pass(clock, 10_000);
      expect(counts().exported).toBe(all + Math.ceil(TRACES / 5));
      expect(transport.attempts.length).toBeGreaterThan(before);
      expect(logged.filter(({ message }) => message.includes('smaller'))).toHaveLength(told.length);
    },
  );

  test('loses what it takes of no size, and is not asked in small ones again until it has taken something', async () => {
    const { clock, transport, offer, counts } = setUp({ settings, answers: [{ most: 0 }] });
    const half = Math.ceil(TRACES / 2);
    offer(half);
    await pass(clock, 10_000);
    expect(counts()).toEqual({ queued: 0, exported: 0, ...none, export_failed: half });
    transport.attempts.length = 0;
    offer(half);
    await pass(clock, 10_000);
    expect(transport.attempts).toEqual([half]);
    expect(counts().export_failed).toBe(2 * half);
    transport.answers.splice(0, 1, 'ok', { most: 500_000 });
    offer(10);
    await pass(clock, 10_000);
    offer(half);
    await pass(clock, 10_000);
    expect(counts()).toEqual({ queued: 0, exported: 10 + half, ...none, export_failed: 2 * half });
  });

  test.each([0, 100, 5000])('counts every span once when the agent stops within %i ms', async (deadline) => {
    const { clock, queue, offer, runs, counts } = setUp({ settings, answers: ['hang', { most: 150_000 }] });
    offer(Math.ceil(TRACES / 2));
    offer(Math.ceil(TRACES / 4));
    await pass(clock, 5000);
    const done = queue.shutdown(deadline);
    await pass(clock, 20_000);
    await done;
    const { queued, exported, export_failed, shutdown } = counts();
    expect(queued).toBe(0);
    expect(exported + export_failed + shutdown).toBe(Math.ceil(TRACES / 2) + Math.ceil(TRACES / 4));
    expect(runs.map(({ holders }) => holders)).toEqual([0, 0]);
  });

  test('loses a span that is too large by itself', async () => {
    const { clock, queue, counts } = setUp({ settings, answers: [{ most: 100_000 }] });
    queue.offer(runOf([{ ...plainSpan(1), name: 'x'.repeat(200_000) }]));
    await pass(clock, 10_000);
    expect(counts()).toEqual({ queued: 0, exported: 0, ...none, export_failed: 1 });
  });
});
