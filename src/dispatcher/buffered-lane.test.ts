/** Sinks with a buffer on disk, in a dispatcher. */
import { mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { until } from '../../test/fixtures/disk-buffer.ts';
import { feed, RecordingLog, ScriptedSink, TestStream } from '../../test/fixtures/pipeline.ts';
import { PartialError, PermanentError, RetryableError } from '../component/errors.ts';
import { FakeClock } from '../component/fake-clock.ts';
import type { Outcome } from '../component/observer.ts';
import { Kernel } from '../kernel/kernel.ts';
import type { BufferSettings } from './disk-buffer/settings.ts';
import { Dispatcher, type DispatcherOptions } from './dispatcher.ts';

const BUFFER: BufferSettings = { maxBytes: 2 ** 22, whenFull: 'block', fsync: 'always' };
const PAUSE_MS = 500;
const down = () => new RetryableError('down', { reason: 'refused' });

let folder: string;
const rigs: Rig[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'buffered-lane-'));
});
afterEach(async () => {
  for (const rig of rigs.splice(0)) await rig.stop();
  await rm(folder, { recursive: true, force: true });
});

interface RigOptions {
  readonly sinks?: Readonly<Record<string, BufferSettings | undefined>>;
  readonly concurrency?: number;
  readonly slotBytes?: number;
  readonly deadLetters?: DispatcherOptions['deadLetters'];
}

class Rig {
  readonly kernel: Kernel;
  readonly clock = new FakeClock();
  readonly log = new RecordingLog();
  readonly sinks: Readonly<Record<string, ScriptedSink>>;
  readonly dispatcher: Dispatcher;
  /** Cannot be read again. */
  readonly http = new TestStream('http');
  readonly file = new TestStream('file');
  readonly outcomes: Outcome[] = [];

  constructor(options: RigOptions = {}) {
    rigs.push(this);
    this.kernel = Kernel.create({
      memoryBytes: 2 ** 18,
      slotBytes: options.slotBytes ?? 2 ** 14,
      slotRecords: 200,
    });
    const buffers = options.sinks ?? { out: BUFFER };
    this.sinks = Object.fromEntries(
      Object.keys(buffers).map((id) => [id, new ScriptedSink(this.kernel, options.concurrency ?? 1)]),
    );
    this.dispatcher = new Dispatcher({
      kernel: this.kernel,
      clock: this.clock,
      log: this.log,
      sources: new Map([
        ['http', []],
        ['file', []],
      ]),
      sinks: Object.entries(buffers).map(([id, buffer]) => ({
        id,
        sink: this.sinks[id]!,
        selects: () => true,
        buffer,
      })),
      batchTimeoutMs: 200,
      retry: { initialMs: PAUSE_MS, maxMs: PAUSE_MS, giveUpAfterMs: 0 },
      deadLetters: options.deadLetters,
      buffers: { folder, isLostOnceRead: ({ source }) => source === 'http' },
      observers: [{ settled: (_delivery, outcome) => void this.outcomes.push(outcome) }],
    });
  }

  static async open(options?: RigOptions): Promise<Rig> {
    const rig = new Rig(options);
    await rig.dispatcher.open();
    return rig;
  }

  get sink(): ScriptedSink {
    return this.sinks.out!;
  }

  /** Hands lines over and seals their batch. */
  async send(stream: TestStream, ...lines: string[]): Promise<void> {
    feed(this.kernel, this.dispatcher, stream, lines);
    await this.clock.advance(200);
  }

  async answer(error?: Error): Promise<void> {
    await until(() => this.sink.waiting > 0);
    await this.sink.answer(error);
  }

  /** The pause after a failure is over. */
  async pause(): Promise<void> {
    await this.clock.advance(PAUSE_MS);
  }

  async stop(): Promise<void> {
    const drained = this.dispatcher.drain(0);
    await this.clock.advance(0);
    await drained;
  }

  /** Answers until nothing is in flight. */
  async deliverAll(): Promise<void> {
    while (this.status().sink.ledger.in_flight > 0) await this.answer();
  }

  /** All that reached the sink, in order. */
  get received(): string[] {
    return this.sink.received.flat();
  }

  status(id = 'out') {
    const { sinks, sources } = this.dispatcher.status();
    for (const ledger of [...sources.values(), ...[...sinks.values()].map((sink) => sink.ledger)]) {
      expect(ledger.balanced, JSON.stringify(ledger)).toBe(true);
    }
    return { sink: sinks.get(id)!, source: sources.get('http')!, file: sources.get('file')! };
  }
}

const files = async (id = 'out') =>
  (await readdir(join(folder, id)).catch(() => [])).filter((name) => name.endsWith('.buf'));

describe('while the sink works', () => {
  test('logs go straight to it, and nothing is written', async () => {
    const rig = await Rig.open();
    for (let k = 0; k < 5; k++) {
      await rig.send(rig.http, `line ${k}`);
      await rig.answer();
    }
    expect(rig.received).toEqual(['line 0', 'line 1', 'line 2', 'line 3', 'line 4']);
    expect(await files()).toEqual([]);
    expect(rig.http.commits.length).toBe(5);
    expect(rig.status().sink).toMatchObject({ buffer: { bytes: 0, records: 0 }, ledger: { delivered: 5 } });
  });

  test('a sink without a buffer has none in its status', async () => {
    const rig = await Rig.open({ sinks: { out: undefined } });
    await rig.send(rig.http, 'x');
    await rig.answer(down());
    expect(rig.status().sink.buffer).toBeUndefined();
    expect(rig.http.commits).toEqual([]);
  });
});

describe('while it fails', () => {
  test('logs that cannot be read again go to disk and are acknowledged, in order also with what comes later', async () => {
    const rig = await Rig.open();
    await rig.send(rig.http, 'one');
    await rig.send(rig.http, 'two');
    expect(rig.http.commits).toEqual([]);
    await rig.answer(down());
    await until(() => rig.http.commits.length === 2);
    await rig.send(rig.http, 'three');
    await until(() => rig.http.commits.length === 3);
    expect(rig.status()).toMatchObject({
      sink: { buffer: { records: 3 }, ledger: { read: 3, delivered: 0, in_flight: 3 } },
      source: { read: 3, delivered: 0, in_flight: 3, buffered: 3 },
    });
    await rig.pause();
    await rig.deliverAll();
    expect(rig.received).toEqual(['one', 'one', 'two', 'three']);
    expect(rig.status()).toMatchObject({
      sink: { buffer: { records: 0, bytes: 0 }, state: 'ok' },
      source: { delivered: 3, in_flight: 0 },
    });
    await until(async () => (await files()).length === 0);
  });

  test('memory is free again', async () => {
    const rig = await Rig.open();
    const free = rig.kernel.slots.free;
    for (let k = 0; k < 50; k++) {
      await rig.send(rig.http, `line ${k}`);
      if (k === 0) await rig.answer(down());
      await until(() => rig.http.commits.length === k + 1);
    }
    // One reads the buffer and tries the sink.
    expect(rig.kernel.slots.free).toBeGreaterThanOrEqual(free - 1);
  });

  test('one delivery tries the sink; when that works all follow in order, small ones together', async () => {
    const rig = await Rig.open();
    await rig.send(rig.http, '0');
    await rig.answer(down());
    await until(() => rig.http.commits.length === 1);
    for (let k = 1; k < 20; k++) {
      await rig.send(rig.http, String(k));
      await until(() => rig.http.commits.length === k + 1);
    }
    await rig.pause();
    await until(() => rig.sink.waiting === 1);
    const before = rig.sink.received.length;
    await rig.answer(down());
    await rig.pause();
    await until(() => rig.sink.received.length === before + 1);
    while (rig.status().sink.ledger.delivered < 20) await rig.answer();
    expect(rig.received.slice(-19)).toEqual(Array.from({ length: 19 }, (_, k) => String(k + 1)));
    expect(rig.sink.received.length).toBeLessThan(10);
  });

  test('several sent at once: they are stored in the order in which they came, whichever failed first', async () => {
    const rig = await Rig.open({ concurrency: 2 });
    for (const line of ['one', 'two', 'three']) await rig.send(rig.http, line);
    await until(() => rig.sink.waiting === 2);
    await rig.sink.answer(down());
    await until(() => rig.status().sink.buffer!.records === 2);
    await rig.sink.answer();
    await rig.pause();
    await rig.deliverAll();
    expect(rig.received).toEqual(['one', 'two', 'one', 'three']);
  });

  test('logs of files wait in memory, and keep their order', async () => {
    const rig = await Rig.open();
    await rig.send(rig.file, 'f1');
    await rig.send(rig.http, 'h1');
    await rig.answer(down());
    await rig.send(rig.file, 'f2');
    await until(() => rig.http.commits.length === 1);
    expect(rig.file.commits).toEqual([]);
    expect(rig.status().file).toMatchObject({ in_flight: 2 });
    await rig.pause();
    await rig.deliverAll();
    const received = rig.received.slice(1);
    expect(received.filter((line) => line.startsWith('f'))).toEqual(['f1', 'f2']);
    expect(received).toContain('h1');
    expect(rig.file.commits.length).toBe(2);
  });

  test('a batch of both kinds is divided', async () => {
    const rig = await Rig.open();
    feed(rig.kernel, rig.dispatcher, rig.file, ['f1']);
    feed(rig.kernel, rig.dispatcher, rig.http, ['h1']);
    await rig.clock.advance(200);
    await rig.answer(down());
    await until(async () => (await files()).length === 1);
    await rig.pause();
    await rig.deliverAll();
    expect(rig.received.toSorted()).toEqual(['f1', 'f1', 'h1']);
    expect(rig.status()).toMatchObject({ source: { delivered: 1 }, file: { delivered: 1 } });
  });

  test('watchers are told that logs are buffered, not that they are delivered', async () => {
    const rig = await Rig.open();
    await rig.send(rig.http, 'x', 'y');
    await rig.answer(down());
    await until(() => rig.outcomes.length === 1);
    expect(rig.outcomes[0]).toEqual({ delivered: 0, filtered: 0, deadLettered: 0, dropped: 0, buffered: 2 });
  });
});

test('a sink that is slow: what waits too long in memory goes to disk', async () => {
  const rig = await Rig.open();
  const limit = Math.ceil(rig.kernel.slots.size / 4);
  for (let k = 0; k < limit + 5; k++) await rig.send(rig.http, String(k));
  await until(() => rig.http.commits.length === 0 && rig.status().sink.buffer!.records > 0);
  const inMemory = rig.status().sink.ledger.in_flight - rig.status().sink.buffer!.records;
  expect(inMemory).toBeLessThanOrEqual(limit + 1);
  await rig.deliverAll();
  expect(rig.received).toEqual(Array.from({ length: limit + 5 }, (_, k) => String(k)));
});

describe('what the sink refuses of the buffer', () => {
  async function buffered(...lines: string[]): Promise<Rig> {
    const rig = await Rig.open();
    await rig.send(rig.http, ...lines);
    await rig.answer(down());
    await until(() => rig.http.commits.length === 1);
    await rig.pause();
    return rig;
  }

  test('all of it', async () => {
    const rig = await buffered('a', 'b');
    await rig.answer(new PermanentError('never', { reason: 'bad' }));
    await until(() => rig.status().sink.ledger.in_flight === 0);
    expect(rig.status()).toMatchObject({
      sink: { ledger: { dropped: { bad: 2 } } },
      source: { dropped: { bad: 2 }, in_flight: 0 },
    });
  });

  test('some of it', async () => {
    const rig = await buffered('a', 'b', 'c');
    await rig.answer(new PartialError('one', { reason: 'bad', count: 1, indexes: [1] }));
    await until(() => rig.status().sink.ledger.in_flight === 0);
    expect(rig.status().source).toMatchObject({ delivered: 2, dropped: { bad: 1 } });
  });
});

describe('several sinks', () => {
  const both = { one: BUFFER, two: BUFFER };

  test('a log that two buffer counts once for its source, until the first that took it has delivered it', async () => {
    const rig = await Rig.open({ sinks: both });
    await rig.send(rig.http, 'x');
    await rig.sinks.one!.answer(down());
    await until(() => rig.status('one').sink.buffer!.records === 1);
    await rig.sinks.two!.answer(down());
    await until(() => rig.http.commits.length === 1);
    expect(rig.status('two').source).toMatchObject({ read: 1, in_flight: 1 });
    await rig.pause();
    await until(() => rig.sinks.two!.waiting === 1 && rig.sinks.one!.waiting === 1);
    await rig.sinks.two!.answer();
    expect(rig.status('two')).toMatchObject({ sink: { ledger: { delivered: 1 } }, source: { in_flight: 1 } });
    await rig.sinks.one!.answer();
    expect(rig.status('one')).toMatchObject({ source: { delivered: 1, in_flight: 0 } });
  });

  test('buffered in one and not yet delivered by the other: not acknowledged, and counted once', async () => {
    const rig = await Rig.open({ sinks: { one: BUFFER, two: undefined } });
    await rig.send(rig.http, 'x');
    await rig.sinks.one!.answer(down());
    await until(() => rig.status('one').sink.buffer?.records === 1);
    expect(rig.http.commits).toEqual([]);
    expect(rig.status('one').source).toMatchObject({ read: 1, in_flight: 1 });
    await rig.pause();
    await until(() => rig.sinks.one!.waiting === 1);
    await rig.sinks.one!.answer();
    expect(rig.status('one').source).toMatchObject({ delivered: 1, in_flight: 0 });
    await rig.sinks.two!.answer();
    expect(rig.status('two').source).toMatchObject({ read: 1, delivered: 1, in_flight: 0 });
    expect(rig.http.commits.length).toBe(1);
  });
});

describe('restart', () => {
  test('what a run left is read once more, counted, and delivered in order before what is new', async () => {
    const first = await Rig.open();
    await first.send(first.http, 'one', 'two');
    await first.answer(down());
    await until(() => first.http.commits.length === 1);
    await first.send(first.http, 'three');
    await until(() => first.http.commits.length === 2);
    await first.stop();

    const second = await Rig.open();
    expect(second.status()).toMatchObject({
      sink: { ledger: { read: 3, in_flight: 3 } },
      source: { read: 3, in_flight: 3, buffered: 3 },
    });
    await until(() => second.sink.waiting === 1);
    await second.send(second.http, 'four');
    await second.deliverAll();
    expect(second.received).toEqual(['one', 'two', 'three', 'four']);
    expect(second.status().source).toMatchObject({ read: 4, delivered: 4 });
  });

  test('a configuration without the buffer delivers what is in it, and then buffers nothing', async () => {
    const first = await Rig.open();
    await first.send(first.http, 'one');
    await first.answer(down());
    await until(() => first.http.commits.length === 1);
    await first.stop();

    const second = await Rig.open({ sinks: { out: undefined } });
    await second.answer();
    await until(() => second.status().sink.ledger.delivered === 1);
    expect(second.status().sink.buffer).toBeUndefined();
    await second.send(second.http, 'two');
    await second.answer(down());
    expect(second.http.commits).toEqual([]);
  });

  test('batches became smaller: stored ones are divided, and a log larger than a batch is counted', async () => {
    const first = await Rig.open();
    const lines = Array.from({ length: 20 }, (_, k) => String(k).padEnd(k === 7 ? 600 : 90, '.'));
    await first.send(first.http, ...lines);
    await first.answer(down());
    await until(() => first.http.commits.length === 1);
    await first.stop();

    const second = await Rig.open({ slotBytes: 512 });
    await second.deliverAll();
    expect(second.received).toEqual(lines.filter((_, k) => k !== 7));
    expect(second.status().source).toMatchObject({ delivered: 19, dropped: { too_large: 1 } });
  });
});

describe('stopping', () => {
  test('what was not delivered in time goes to the buffer, also what was being sent', async () => {
    const rig = await Rig.open();
    await rig.send(rig.http, 'sending');
    await rig.send(rig.http, 'queued');
    await rig.send(rig.file, 'of a file');
    const drained = rig.dispatcher.drain(1000);
    await rig.clock.advance(1000);
    expect(await drained).toBe(1);
    expect(rig.http.commits.length).toBe(2);
    expect(rig.file.commits).toEqual([]);
    expect(rig.status().source).toMatchObject({ in_flight: 2, buffered: 2 });

    const next = await Rig.open();
    await next.deliverAll();
    expect(next.received).toEqual(['sending', 'queued']);
  });

  test('what the sink had accepted of a delivery is not stored and counts as delivered', async () => {
    const rig = await Rig.open();
    feed(rig.kernel, rig.dispatcher, rig.http, ['one', 'two']);
    await rig.send(rig.http, 'three', 'four', 'five');
    const [delivery] = rig.sink.deliveries;
    delivery!.accepted = 3;
    await rig.stop();
    expect(rig.http.commits.length).toBe(2);
    expect(rig.status()).toMatchObject({
      sink: { ledger: { read: 5, delivered: 3, in_flight: 2 } },
      source: { read: 5, delivered: 3, in_flight: 2, buffered: 2 },
    });
    expect(rig.outcomes).toMatchObject([{ delivered: 3, buffered: 2 }]);

    const next = await Rig.open();
    await next.deliverAll();
    expect(next.received).toEqual(['four', 'five']);
    expect(next.status().source).toMatchObject({ read: 2, delivered: 2 });
  });

  test('what the sink had refused of a delivery is stored with the rest: it has not ended', async () => {
    const rig = await Rig.open();
    await rig.send(rig.http, 'one', 'two', 'three');
    Object.assign(rig.sink.deliveries[0]!, { accepted: 2, refused: [0] });
    await rig.stop();
    const next = await Rig.open();
    await next.deliverAll();
    expect(next.received).toEqual(['one', 'three']);
  });

  test('a delivery that the sink had accepted altogether is delivered, and nothing is stored', async () => {
    const rig = await Rig.open();
    await rig.send(rig.http, 'one');
    rig.sink.deliveries[0]!.accepted = 1;
    await rig.stop();
    expect(rig.status().source).toMatchObject({ delivered: 1, in_flight: 0 });
    expect(await files()).toEqual([]);
  });

  test('all slots are given back', async () => {
    const rig = await Rig.open();
    await rig.send(rig.http, 'x');
    await rig.answer(down());
    await until(() => rig.http.commits.length === 1);
    await rig.pause();
    await until(() => rig.sink.waiting === 1);
    await rig.stop();
    expect(rig.kernel.slots.free).toBe(rig.kernel.slots.size);
  });
});

describe('changes while it runs', () => {
  test('a buffer is added to a sink that fails', async () => {
    const rig = await Rig.open({ sinks: { out: undefined } });
    await rig.send(rig.http, 'one');
    await rig.answer(down());
    const entry = { id: 'out', sink: rig.sink, selects: () => true, buffer: BUFFER };
    void rig.dispatcher.replaceSink(entry);
    await rig.send(rig.http, 'two');
    await until(() => rig.status().sink.buffer !== undefined);
    while (rig.status().sink.ledger.in_flight > 0) {
      await rig.pause();
      await rig.answer();
    }
    expect(rig.received.slice(-2)).toEqual(['one', 'two']);
  });

  test('a sink is removed: what its buffer holds stays on disk, is counted, and is delivered when the sink comes back', async () => {
    const rig = await Rig.open();
    await rig.send(rig.http, 'x');
    await rig.answer(down());
    await until(() => rig.http.commits.length === 1);
    const removed = rig.dispatcher.removeSink('out', 0);
    await rig.clock.advance(0);
    expect(await removed).toBe(1);
    expect(rig.dispatcher.status().sources.get('http')).toMatchObject({
      dropped: { left_in_buffer: 1 },
      balanced: true,
    });
    const sink = new ScriptedSink(rig.kernel);
    rig.dispatcher.addSink({ id: 'out', sink, selects: () => true, buffer: BUFFER });
    await until(() => sink.waiting === 1);
    await sink.answer();
    expect(rig.status().source).toMatchObject({ read: 2, delivered: 1, dropped: { left_in_buffer: 1 } });
  });
});

describe('full', () => {
  /** 15 kB in lines that begin with the number. */
  const big = (k: number) => Array.from({ length: 15 }, () => `${k} `.padEnd(1000, '.'));
  /** More than four megabytes on disk. */
  const COUNT = 330;

  async function fill(rig: Rig, count: number): Promise<void> {
    await rig.send(rig.http, ...big(0));
    await rig.answer(down());
    for (let k = 1; k < count; k++) {
      await until(() => rig.kernel.slots.free > 0);
      await rig.send(rig.http, ...big(k));
    }
  }

  test('drop_oldest goes on taking logs, and counts those it gave up', async () => {
    const rig = await Rig.open({ sinks: { out: { ...BUFFER, whenFull: 'drop_oldest' } } });
    await fill(rig, COUNT);
    await until(() => rig.http.commits.length === COUNT);
    const { sink, source } = rig.status();
    expect(sink.buffer!.bytes).toBeLessThanOrEqual(BUFFER.maxBytes);
    const dropped = source.dropped.buffer_full!;
    expect(dropped).toBeGreaterThan(0);
    await rig.pause();
    await rig.deliverAll();
    expect(rig.status().source).toMatchObject({ delivered: 15 * COUNT - dropped });
    const numbers = rig.received.map((line) => Number.parseInt(line, 10)).slice(15);
    expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
    expect(numbers.at(-1)).toBe(COUNT - 1);
  });

  test('block: memory fills up, and everything is delivered once the sink works', async () => {
    const rig = await Rig.open();
    await rig.send(rig.http, ...big(0));
    await rig.answer(down());
    let sent = 1;
    await until(async () => {
      if (rig.kernel.slots.free === 0) return rig.status().sink.buffer!.full;
      await rig.send(rig.http, ...big(sent++));
      return false;
    });
    expect(rig.http.commits.length).toBeLessThan(sent);
    expect(rig.status().sink.buffer!.bytes).toBeLessThanOrEqual(BUFFER.maxBytes);
    await rig.pause();
    await rig.deliverAll();
    expect(rig.received.slice(15).map((line) => Number.parseInt(line, 10))).toEqual(
      Array.from({ length: 15 * sent }, (_, k) => Math.floor(k / 15)),
    );
    expect(rig.http.commits.length).toBe(sent);
  });
});

test('a disk that cannot be written: logs wait in memory and are stored when it can', async () => {
  const rig = await Rig.open();
  await rm(join(folder, 'out'), { recursive: true });
  await rig.send(rig.http, 'one');
  await rig.answer(down());
  await until(() => rig.log.lines.some(({ message }) => message.includes('cannot be written')));
  expect(rig.http.commits).toEqual([]);
  expect(rig.status().source).toMatchObject({ in_flight: 1 });
  await mkdir(join(folder, 'out'));
  await rig.clock.advance(1000);
  await until(() => rig.http.commits.length === 1);
});

test('a buffer that is added and cannot be opened: what came meanwhile goes to the sink', async () => {
  const rig = await Rig.open({ sinks: { out: undefined } });
  await writeFile(join(folder, 'late'), 'no folder');
  const late = new ScriptedSink(rig.kernel);
  rig.dispatcher.addSink({ id: 'late', sink: late, selects: () => true, buffer: BUFFER });
  feed(rig.kernel, rig.dispatcher, rig.http, ['one']);
  void rig.dispatcher.whenSettled('http');
  await until(() => rig.log.lines.some(({ message }) => message.includes('cannot be opened')));
  await until(() => late.waiting > 0);
  await late.answer();
  await rig.answer();
  expect(late.received.flat()).toEqual(['one']);
  expect(rig.status().source).toMatchObject({ delivered: 1, in_flight: 0 });
});

test('a sink that is removed while its buffer is being opened: the buffer is closed and counted all the same', async () => {
  const first = await Rig.open();
  await first.send(first.http, 'one', 'two');
  await first.answer(down());
  await until(() => first.http.commits.length === 1);
  await first.stop();
  await rename(join(folder, 'out'), join(folder, 'late'));

  const rig = await Rig.open({ sinks: { out: undefined } });
  const late = new ScriptedSink(rig.kernel);
  rig.dispatcher.addSink({ id: 'late', sink: late, selects: () => true, buffer: BUFFER });
  const free = rig.kernel.slots.free;
  expect(await rig.dispatcher.removeSink('late', 0, AbortSignal.abort())).toBe(2);
  expect(rig.status().source).toMatchObject({ read: 2, in_flight: 0, dropped: { left_in_buffer: 2 } });
  expect(rig.kernel.slots.free).toBe(free);
  expect(late.received).toEqual([]);
});

test('the memory that a write of stored logs still reads is not used again before that ends', async () => {
  const rig = await Rig.open();
  const { slots } = rig.kernel;
  await rig.send(rig.http, 'x');
  await rig.answer(down());
  await until(() => rig.http.commits.length === 1);
  const write = Promise.withResolvers<void>();
  let writing = false;
  rig.sink.write = () => {
    writing = true;
    return write.promise;
  };
  await rig.pause();
  await until(() => writing);
  const removed = rig.dispatcher.removeSink('out', 0, AbortSignal.abort());
  await rig.clock.waiting();
  await rig.clock.advance(1000);
  expect(await removed).toBe(1);
  expect(slots.free).toBe(slots.size - 1);
  write.resolve();
  await until(() => slots.free === slots.size);
});
