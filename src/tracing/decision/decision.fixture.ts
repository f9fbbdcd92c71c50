/** Streams, segments, batches and settings for tests of decisions: only what those look at. */
import type { Logger } from '../../component/logger.ts';
import type { Slot } from '../../kernel/slot.ts';
import type { Batch } from '../../record/batch.ts';
import type { Attempt, Delivery } from '../../record/delivery.ts';
import { liveCount, type Segment } from '../../record/segment.ts';
import type { Stream } from '../../record/stream.ts';
import { tracingSchema } from '../settings/schema.ts';
import { resolveTracing, type TracingSettings } from '../settings/settings.ts';

/** Settings of a `tracing:` section. */
export function settingsOf(section: unknown = {}): TracingSettings {
  return resolveTracing(tracingSchema.parse(section), {}, '1.2.3').settings;
}

export function streamOf(id = '/var/log/app.log', source = 'app', rest: Partial<Stream> = {}): Stream {
  return { id, source, sourceType: 'file', labels: {}, commit() {}, ...rest };
}

export function segmentOf(part: Partial<Segment> = {}): Segment {
  return {
    stream: streamOf(),
    index: 0,
    first: 0,
    count: 1,
    bytes: 100,
    address: 0,
    readAt: 0,
    from: 0,
    position: 100,
    live: null,
    rewritten: false,
    ...part,
  } as Segment;
}

export function batchOf(segments: Segment[], part: Partial<Batch> = {}): Batch {
  return {
    id: 1,
    slot: {} as Slot,
    segments,
    count: segments.reduce((sum, { count }) => sum + count, 0),
    bytes: 0,
    fields: null,
    hasSeverities: false,
    hasTimestamps: false,
    openedAt: 0,
    sealedAt: 0,
    processedAt: 0,
    ...part,
  } as Batch;
}

/** A delivery whose attempts ended at these times, with these errors; all of the batch unless `segments` are given. */
export function deliveryOf(
  batch: Batch,
  sink: string,
  attempts: readonly [endedAt: number, error?: Error][],
  segments: readonly Segment[] = batch.segments,
): Delivery {
  return {
    batch,
    sink,
    segments,
    records: segments.reduce((sum, segment) => sum + liveCount(segment), 0),
    bytes: 0,
    attempts: attempts.map(
      ([endedAt, error]): Attempt => ({ startedAt: endedAt, endedAt, ...(error && { error }) }),
    ),
    accepted: 0,
  };
}

/** A logger that keeps the sentences. */
export function loggerOf(lines: string[] = []): Logger {
  const keep = (_: object, message: string) => {
    lines.push(message);
  };
  return { debug: keep, info: keep, warn: keep, error: keep };
}

/** Random numbers that are the same in every run (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
