/**
 * The tracing engine of the agent in a process that does nothing else: whole batches go past it, and it chooses, encodes,
 * queues and sends. What a pipeline does anyway (reading, splitting, delivering) is left out.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SystemClock } from '../../src/component/clock.ts';
import type { Logger } from '../../src/component/logger.ts';
import { BatchInFlight } from '../../src/dispatcher/batch-in-flight.ts';
import { Kernel } from '../../src/kernel/kernel.ts';
import type { Delivery } from '../../src/record/delivery.ts';
import type { Stream } from '../../src/record/stream.ts';
import { tracingSchema } from '../../src/tracing/settings/schema.ts';
import { resolveTracing } from '../../src/tracing/settings/settings.ts';
import { Tracing } from '../../src/tracing/tracing.ts';
import { LINE, PATH } from './span-maker.ts';

/** As a busy agent has them: a slot of 1 MiB. */
const LOGS_PER_BATCH = 5000;
const VERSION = '0.1.0';

export interface Engine {
  readonly tracing: Tracing;
  /** Logs of a batch. */
  readonly logs: number;
  /** Has one batch seen from its processing to the acknowledgement of its one sink. */
  readonly batch: () => void;
  readonly stop: () => Promise<void>;
}

/** @param section the `tracing:` section of a configuration. */
export function engineOf(section: object): Engine {
  const clock = new SystemClock();
  const stateDir = mkdtempSync(join(tmpdir(), 'log-capturer-engine-'));
  const { settings } = resolveTracing(tracingSchema.parse(section), {}, VERSION);
  const kernel = Kernel.create({
    memoryBytes: 2 ** 24,
    slotBytes: 2 ** 20,
    slotRecords: LOGS_PER_BATCH,
    spanBytes: settings.store.memoryBytes,
  });
  const tracing = new Tracing({
    settings,
    kernel,
    clock,
    log: loud,
    stateDir,
    version: VERSION,
    sinksOf: () => ['loki'],
    isProcessed: () => false,
    carriesContexts: () => false,
  });
  const stream: Stream = {
    id: PATH,
    source: 'nginx',
    sourceType: 'file',
    labels: {},
    path: PATH,
    commit() {},
  };
  const slot = kernel.slots.take()!;
  const length = slot.bytes.write(`${LINE}\n`.repeat(LOGS_PER_BATCH));
  const scan = { from: 0, length, firstRecord: 0, maxRecordBytes: 2 ** 16, final: true };
  const { count } = kernel.scanLines(slot, scan);
  let batches = 0;
  let position = 0;

  const batch = (): void => {
    const readAt = clock.now();
    const it = new BatchInFlight(++batches, slot, readAt);
    it.append({ slot, stream, bytes: length, count, readAt, from: position, position: position + length });
    position += length;
    it.sealedAt = clock.now();
    it.processedAt = clock.now();
    const { observer } = tracing;
    observer.processed!(it);
    const attempts = [{ startedAt: it.processedAt, endedAt: clock.now() }];
    const delivery: Delivery = {
      batch: it,
      sink: 'loki',
      segments: it.segments,
      records: count,
      bytes: length,
      attempts,
      accepted: count,
    };
    observer.attempted!(delivery);
    observer.settled!(delivery, { delivered: count, filtered: 0, deadLettered: 0, dropped: 0 });
    observer.completed!(it, [delivery]);
  };
  const stop = async (): Promise<void> => {
    await tracing.stop(0);
    rmSync(stateDir, { recursive: true });
  };

  return { tracing, logs: count, batch, stop };
}

const shout = (fields: object, message: string) => console.error(message, fields);
const loud: Logger = { debug() {}, info() {}, warn: shout, error: shout };
