/**
 * Spans as the agent makes them: whole batches go past the tracing engine, which chooses, encodes, queues and sends. Only
 * what a pipeline does anyway (reading, splitting, delivering) is left out.
 */
import { tmpdir } from 'node:os';
import { SystemClock } from '../../src/component/clock.ts';
import type { Logger } from '../../src/component/logger.ts';
import { BatchInFlight } from '../../src/dispatcher/batch-in-flight.ts';
import { Kernel } from '../../src/kernel/kernel.ts';
import type { Delivery } from '../../src/record/delivery.ts';
import type { Stream } from '../../src/record/stream.ts';
import { tracingSchema } from '../../src/tracing/settings/schema.ts';
import { resolveTracing } from '../../src/tracing/settings/settings.ts';
import { Tracing } from '../../src/tracing/tracing.ts';
import { LINE, PATH, type Shape, type SpanMaker } from './span-maker.ts';

/** As a busy agent has them: a slot of 1 MiB. */
const LOGS_PER_BATCH = 5000;
const VERSION = '0.1.0';
/** Above it the maker waits, as an agent does whose exporter keeps up: nothing is dropped. */
const MANY_QUEUED = 32_768;

export function ourSpans(shape: Shape, port: number): SpanMaker {
  const clock = new SystemClock();
  const { settings } = resolveTracing(
    tracingSchema.parse({
      mode: 'full-e2e',
      log_spans: shape,
      exporter: { type: 'otlp', endpoint: `http://127.0.0.1:${port}/v1/traces`, batch_timeout: '10ms' },
    }),
    {},
    VERSION,
  );
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
    stateDir: tmpdir(),
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

  const batch = () => {
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
  const queued = async (most: number) => {
    while (tracing.status().spans_queued > most) await new Promise((resolve) => setTimeout(resolve, 1));
  };

  return {
    async make(logs) {
      const before = tracing.status().spans_exported;
      for (let made = 0; made < logs; made += LOGS_PER_BATCH) {
        batch();
        await new Promise((resolve) => setImmediate(resolve));
        await queued(MANY_QUEUED);
      }
      await queued(0);
      return tracing.status().spans_exported - before;
    },
    stop: () => tracing.stop(0),
  };
}

const shout = (fields: object, message: string) => console.error(message, fields);
const loud: Logger = { debug() {}, info() {}, warn: shout, error: shout };
