/** The laboratory must be able to find fault: what its oracle says of runs that went wrong. */
import { describe, expect, test } from 'vitest';
import type { Content } from './logs.ts';
import { numberedLine, readLine } from './numbered-line.ts';
import { planOf } from './plan.ts';
import { Random } from './random.ts';
import { Receiver, timeOfPlace } from './receiver.ts';

const SEED = 7;

function contentOf(count: number, excused: readonly number[] = []): Content {
  const random = new Random(1);
  const lines = Array.from({ length: count }, (_, seq) => ({
    seq,
    bytes: numberedLine(SEED, { file: 0, seq }, random),
    end: 1000 * (seq + 1),
    ...(excused.includes(seq) && { excuse: 'gone' }),
  }));
  return {
    file: 0,
    log: 'a.log',
    lines,
    key: '1:1',
    partial: Buffer.alloc(0),
    half: 0,
    size: 1000 * count,
    path: '/a.log',
    compressed: false,
    moved: false,
    empties: 0,
  };
}

const judge = (
  content: Content,
  arrivals: readonly (readonly [line: number | Buffer, ms: number])[],
  restarts: readonly { at: number; reason: string }[] = [],
) => {
  const receiver = new Receiver('loki', SEED);
  for (const [line, ms] of arrivals) {
    const bytes = typeof line === 'number' ? content.lines[line]!.bytes : line;
    receiver.receive(bytes, BigInt(ms) * 1_000_000n);
  }
  return receiver.judge([content], restarts, true);
};

describe('the oracle', () => {
  test('finds nothing wrong with lines that came once and in order', () => {
    expect(
      judge(contentOf(3), [
        [0, 1],
        [1, 2],
        [2, 3],
      ]),
    ).toEqual({ faults: [], arrived: 3, repeated: {} });
  });

  test('finds a line that is missing, but not one that is excused', () => {
    expect(judge(contentOf(3, [1]), [[0, 1]]).faults).toEqual([expect.stringMatching(/1 lost: line 2 of 3/)]);
  });

  test('finds a flipped bit', () => {
    const content = contentOf(1);
    const damaged = Buffer.from(content.lines[0]!.bytes);
    damaged[damaged.length - 1]! ^= 1;
    expect(
      judge(content, [
        [0, 1],
        [damaged, 2],
      ]).faults,
    ).toEqual([expect.stringMatching(/1 damaged/)]);
  });

  test('finds a part of a line, unless the rest of it was destroyed', () => {
    const half = (content: Content) => content.lines[1]!.bytes.subarray(0, 20);
    const content = contentOf(2);
    expect(
      judge(content, [
        [0, 1],
        [half(content), 2],
        [1, 3],
      ]).faults,
    ).toEqual([expect.stringMatching(/1 damaged/)]);
    const excused = contentOf(2, [1]);
    expect(
      judge(excused, [
        [0, 1],
        [half(excused), 2],
      ]).faults,
    ).toEqual([]);
  });

  test('finds a line out of order', () => {
    expect(
      judge(contentOf(2), [
        [1, 1],
        [0, 2],
      ]).faults,
    ).toEqual([expect.stringMatching(/1 out of order/)]);
  });

  test('finds lines out of order after a restart, but not that the agent ended before it had sent all of them again', () => {
    const restarts = [{ at: 5000, reason: 'killed' }];
    const once = [
      [0, 1000],
      [1, 1001],
    ] as const;
    expect(judge(contentOf(2), [...once, [0, 9000]], restarts).faults).toEqual([]);
    const disordered = [...once, [1, 9000], [0, 9001]] as const;
    expect(judge(contentOf(2), disordered, restarts).faults).toEqual([
      expect.stringMatching(/1 out of order/),
    ]);
    const late = [
      [1, 1000],
      [0, 9000],
    ] as const;
    expect(judge(contentOf(2), late, restarts).faults).toEqual([expect.stringMatching(/1 out of order/)]);
  });

  test('finds a line that came twice, unless something happened in between', () => {
    const arrivals = [
      [0, 1000],
      [0, 9000],
    ] as const;
    expect(judge(contentOf(1), arrivals).faults).toEqual([expect.stringMatching(/1 twice without a reason/)]);
    expect(judge(contentOf(1), arrivals, [{ at: 12_000, reason: 'killed' }]).faults).toHaveLength(1);
    expect(judge(contentOf(1), arrivals, [{ at: 5000, reason: 'killed' }])).toMatchObject({
      faults: [],
      repeated: { killed: 1 },
    });
  });

  test('finds a line that is twice in a file, unless the agent ended in between', () => {
    const content = contentOf(1);
    const judgeFile = (places: readonly bigint[], reasons: readonly string[], lasts = false) => {
      const receiver = new Receiver('files', SEED);
      for (const place of places) receiver.receive(content.lines[0]!.bytes, place);
      return receiver.judge(
        [content],
        reasons.map((reason) => ({ at: 0, reason, ...(lasts && { lasts }) })),
        false,
      );
    };
    const [first, second] = [timeOfPlace(100, 1), timeOfPlace(200, 1)];
    const twice = [expect.stringMatching(/1 twice without a reason/)];
    expect(judgeFile([first, second], ['killed', 'stopped']).faults).toEqual(twice);
    expect(judgeFile([first, second], ['disk full'], true)).toMatchObject({ repeated: { 'disk full': 1 } });
    expect(judgeFile([first, timeOfPlace(200, 2)], ['killed', 'stopped'])).toMatchObject({
      faults: [],
      repeated: { stopped: 1 },
    });
  });

  test('takes a line that came twice under one time for one, as Loki does', () => {
    expect(
      judge(contentOf(1), [
        [0, 1],
        [0, 1],
      ]),
    ).toMatchObject({ faults: [], repeated: {} });
  });
});

test('a line is read back only with all of its bytes', () => {
  const random = new Random(3);
  for (let seq = 0; seq < 200; seq++) {
    const line = numberedLine(SEED, { file: 4, seq }, random);
    expect(readLine(SEED, line)).toEqual({ file: 4, seq });
    expect(readLine(SEED, Buffer.concat([line, Buffer.from('\r')]))).toEqual({ file: 4, seq });
    expect(readLine(SEED, line.subarray(1))).toBeUndefined();
    expect(readLine(SEED + 1, line)).toBeUndefined();
  }
});

test('a seed decides the plan, and another seed another plan', () => {
  const options = { steps: 60, smallDisk: true };
  expect(planOf(5, options)).toEqual(planOf(5, options));
  expect(planOf(5, options)).not.toEqual(planOf(6, options));
});

test('between them, a hundred plans hold everything on the menu', () => {
  const steps = Array.from(
    { length: 100 },
    (_, seed) => planOf(seed, { steps: 60, smallDisk: true }).steps,
  ).flat();
  expect(new Set(steps.map((step) => step.do))).toEqual(
    new Set([
      'write',
      'write_stale',
      'post',
      'rename',
      'copytruncate',
      'recreate',
      'swap',
      'compress',
      'wait',
      'settle',
      'kill',
      'stop',
      'start',
      'reload',
      'fill_disk',
      'free_disk',
      'corrupt',
      'sink',
    ]),
  );
});
