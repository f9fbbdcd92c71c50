import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { SystemClock } from '../../src/component/clock.ts';
import { PartialError, PermanentError, RetryableError } from '../../src/component/errors.ts';
import type { Sink, SinkSpec } from '../../src/component/sink.ts';
import { Kernel } from '../../src/kernel/kernel.ts';
import type { Delivery } from '../../src/record/delivery.ts';
import { sinks } from '../../src/registry.ts';
import { deliveryOf, RecordingLog } from '../fixtures/pipeline.ts';
import { sinkCases } from './contract-cases.ts';

let dir: string;
let kernel: Kernel;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'sink-contract-'));
  kernel = Kernel.create({ memoryBytes: 2 ** 20, slotBytes: 2 ** 14, slotRecords: 1000 });
});
afterEach(() => rm(dir, { recursive: true, force: true }));

function build(spec: SinkSpec, config: Record<string, unknown>): Sink {
  const context = { id: 'sink', log: new RecordingLog(), clock: new SystemClock(), kernel, stateDir: dir };
  return spec.build(spec.schema.parse(config), context);
}

const delivery = (): Delivery => deliveryOf(kernel, []);
const handles = () => process.getActiveResourcesInfo().toSorted();
const never = () => new AbortController().signal;

test('every sink of the registry has a case', () => {
  expect(Object.keys(sinkCases).toSorted()).toEqual(sinks.map((spec) => spec.type).toSorted());
});

describe.each(sinks.map((spec) => [spec.type, spec] as const))('sink %s', (type, spec) => {
  const { working, refusing } = sinkCases[type]!;

  test('can be closed without having been opened', async () => {
    await build(spec, working(dir)).close();
  });

  test('can be closed twice', async () => {
    const sink = build(spec, working(dir));
    await sink.open();
    await sink.close();
    await sink.close();
  });

  test('allows at least one delivery at once', () => {
    expect(build(spec, working(dir)).concurrency).toBeGreaterThanOrEqual(1);
  });

  test('opens although its destination is down', async () => {
    const sink = build(spec, (refusing ?? working)(dir));
    await sink.open();
    await sink.close();
  });

  test('a delivery without records changes nothing and leaves nothing behind', async () => {
    const before = handles();
    const sink = build(spec, working(dir));
    await sink.open();
    await sink.write(delivery(), never()).catch(() => {});
    await sink.close();
    expect(kernel.outputs.free).toBe(kernel.outputs.size);
    expect(handles()).toEqual(before);
  });

  test('rejects with the reason of a signal that is aborted already, and gives its buffers back', async () => {
    const sink = build(spec, working(dir));
    await sink.open();
    const reason = new Error('stopping');
    const write = sink.write(deliveryOf(kernel, ['line']), AbortSignal.abort(reason));
    await expect(write).rejects.toBe(reason);
    await sink.close();
    expect(kernel.outputs.free).toBe(kernel.outputs.size);
  });

  test.runIf(refusing)(
    'a refused batch throws a classified error, gives buffers back and can be tried again',
    async () => {
      const sink = build(spec, refusing!(dir));
      await sink.open();
      for (let attempt = 0; attempt < 2; attempt++) {
        const error = await sink.write(deliveryOf(kernel, ['line']), never()).catch((thrown) => thrown);
        const classified = [RetryableError, PermanentError, PartialError].some(
          (kind) => error instanceof kind,
        );
        expect(classified, String(error)).toBe(true);
        expect(error.reason).toMatch(/^[a-z0-9_]+$/);
        expect(kernel.outputs.free).toBe(kernel.outputs.size);
      }
      await sink.close();
    },
  );

  test('status answers before, while and after', async () => {
    const sink = build(spec, working(dir));
    for (const step of [() => sink.open(), () => sink.close()]) {
      for (const [name, value] of Object.entries(sink.status?.() ?? {})) {
        expect(name).toMatch(/^[a-z0-9_]+$/);
        expect(['number', 'string']).toContain(typeof value);
      }
      await step();
    }
  });
});
