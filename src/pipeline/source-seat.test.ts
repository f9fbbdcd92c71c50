import { expect, test } from 'vitest';
import { RecordingLog } from '../../test/fixtures/pipeline.ts';
import { FakeClock } from '../component/fake-clock.ts';
import type { Intake, Source } from '../component/source.ts';
import { SourceReplaced } from '../component/source.ts';
import { SourceSeat } from './source-seat.ts';

const intake = {} as Intake;
const turn = () => new Promise((resolve) => setImmediate(resolve));

/** A source that runs until it is stopped, or until the test ends it, and writes down what happens to it. */
class ScriptedSource implements Source {
  readonly #happened: string[];
  readonly #name: string;
  readonly #end = Promise.withResolvers<void>();
  /** What it still does when it is told to stop. */
  last: Promise<void> = Promise.resolve();

  constructor(name: string, happened: string[]) {
    this.#name = name;
    this.#happened = happened;
  }

  async run(_intake: Intake, signal: AbortSignal): Promise<void> {
    this.#happened.push(`${this.#name} runs`);
    const stopped = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
    await Promise.race([stopped, this.#end.promise]);
    if (signal.aborted) {
      await this.last;
      this.#happened.push(`${this.#name} stopped: ${(signal.reason as Error).name}`);
    }
  }

  end(): void {
    this.#end.resolve();
  }

  async close(): Promise<void> {
    this.#happened.push(`${this.#name} closed`);
  }

  abandon(): void {
    this.#happened.push(`${this.#name} abandoned`);
  }

  status() {
    return { state: 'running' as const, streams: [] };
  }
}

function setUp() {
  const happened: string[] = [];
  const settled: (() => void)[] = [];
  const first = new ScriptedSource('first', happened);
  const seat = new SourceSeat(first, {
    id: 'a',
    intake,
    clock: new FakeClock(),
    log: new RecordingLog(),
    settled: () => new Promise((resolve) => settled.push(resolve)),
    onEnd: () => happened.push('ended'),
  });
  return { happened, settled, seat, first, next: (name: string) => new ScriptedSource(name, happened) };
}

const changed = () => new SourceReplaced('changed');

test('the successor runs when the former has stopped and nothing of it is in flight', async () => {
  const { happened, settled, seat, next } = setUp();
  seat.start();
  await seat.halt(changed());
  const started = seat.succeed(next('second'), true);
  await turn();
  expect(happened).toEqual(['first runs', 'first stopped: SourceReplaced']);
  expect(seat).toMatchObject({ isWaiting: true });
  expect(seat.status().state).toBe('waiting');
  settled[0]!();
  await started;
  expect(happened.at(-1)).toBe('second runs');
  expect(seat.isWaiting).toBe(false);
});

test('halting waits until the source has handed over its last', async () => {
  const { happened, seat, first } = setUp();
  const last = Promise.withResolvers<void>();
  first.last = last.promise;
  seat.start();
  let halted = false;
  const halting = seat.halt(changed()).then(() => {
    halted = true;
  });
  await turn();
  expect(halted).toBe(false);
  last.resolve();
  await halting;
  expect(happened.at(-1)).toBe('first stopped: SourceReplaced');
});

test('a source whose logs cannot be read again need not wait', async () => {
  const { happened, seat, next } = setUp();
  seat.start();
  await seat.halt(changed());
  await seat.succeed(next('second'), false);
  expect(happened.at(-1)).toBe('second runs');
});

test('a successor that is halted while it waits never runs, and lets go of what it has opened', async () => {
  const { happened, settled, seat, next } = setUp();
  seat.start();
  await seat.halt(changed());
  const second = seat.succeed(next('second'), true);
  await seat.halt(changed());
  const third = seat.succeed(next('third'), true);
  await second;
  for (const resolve of settled) resolve();
  await third;
  expect(happened.slice(2)).toEqual(['second closed', 'third runs']);
});

test('a successor that is removed before it runs also lets go of what the former left', async () => {
  const { happened, settled, seat, next } = setUp();
  seat.start();
  await seat.halt(changed());
  const second = seat.succeed(next('second'), true);
  await seat.halt(new Error('removed'));
  await second;
  for (const resolve of settled) resolve();
  expect(happened.slice(2)).toEqual(['second abandoned', 'second closed']);
});

test('a source that comes to its end by itself says so; one that is stopped does not', async () => {
  const { happened, seat, first } = setUp();
  seat.start();
  first.end();
  await turn();
  expect(happened).toEqual(['first runs', 'ended']);
  expect(seat.hasEnded).toBe(true);
  await seat.halt(changed());
  expect(seat.hasEnded).toBe(false);
});
