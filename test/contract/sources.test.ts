import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { SystemClock } from '../../src/component/clock.ts';
import type { Intake, Source, SourceSpec } from '../../src/component/source.ts';
import { Kernel } from '../../src/kernel/kernel.ts';
import { sources } from '../../src/registry.ts';
import { RecordingLog } from '../fixtures/pipeline.ts';
import { sourceCases } from './contract-cases.ts';

let dir: string;
let kernel: Kernel;
let intake: Intake;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'source-contract-'));
  kernel = Kernel.create({ memoryBytes: 2 ** 20, slotBytes: 2 ** 14, slotRecords: 1000 });
  intake = { slots: kernel.slots, handle: ({ slot }) => kernel.slots.give(slot) };
});
afterEach(() => rm(dir, { recursive: true, force: true }));

function build(spec: SourceSpec, config: Record<string, unknown>): Source {
  const positions = new Map<string, unknown>();
  return spec.build(spec.schema.parse(config), {
    id: 'source',
    log: new RecordingLog(),
    clock: new SystemClock(),
    kernel,
    stateDir: dir,
    labels: {},
    positions: {
      get: (key) => positions.get(key),
      entries: () => positions.entries(),
      set: (key, value) => void positions.set(key, value),
      delete: (key) => void positions.delete(key),
    },
  });
}

/** Handles that were not there before. What has ended is let go of within some turns of the event loop. */
async function leftBehind(before: readonly string[]): Promise<string[]> {
  let left: string[] = [];
  for (let turn = 0; turn < 20; turn++) {
    await new Promise((resolve) => setImmediate(resolve));
    left = process.getActiveResourcesInfo();
    for (const name of before) {
      const index = left.indexOf(name);
      if (index !== -1) left.splice(index, 1);
    }
    if (left.length === 0) break;
  }
  return left;
}

test('every source of the registry has a case', () => {
  expect(Object.keys(sourceCases).toSorted()).toEqual(sources.map((spec) => spec.type).toSorted());
});

describe.each(sources.map((spec) => [spec.type, spec] as const))('source %s', (type, spec) => {
  test('answers its status before it runs: nothing read yet', () => {
    const { streams } = build(spec, sourceCases[type]!(dir)).status();
    expect(streams.filter(({ position }) => position > 0)).toEqual([]);
  });

  test('ends at once when it was told to stop before it ran', async () => {
    await build(spec, sourceCases[type]!(dir)).run(intake, AbortSignal.abort());
    expect(kernel.slots.free).toBe(kernel.slots.size);
  });

  test('ends when told to stop, gives its slots back and leaves no handle behind', async () => {
    const before = process.getActiveResourcesInfo();
    const stop = new AbortController();
    const source = build(spec, sourceCases[type]!(dir));
    const running = source.run(intake, stop.signal);
    // One turn of the event loop: it has begun to wait for something.
    await new Promise((resolve) => setImmediate(resolve));
    stop.abort();
    stop.abort();
    await running;
    // A read of standard input cannot be taken back: it holds its slot until the process ends.
    const held = type === 'stdin' ? 1 : 0;
    expect(kernel.slots.free).toBeGreaterThanOrEqual(kernel.slots.size - held);
    if (type !== 'stdin') expect(await leftBehind(before)).toEqual([]);
  });

  test('answers its status after it ended', async () => {
    const source = build(spec, sourceCases[type]!(dir));
    await source.run(intake, AbortSignal.abort());
    expect(['done', 'stopped', 'idle']).toContain(source.status().state);
  });
});
