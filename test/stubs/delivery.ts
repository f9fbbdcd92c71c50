import { FakeClock } from '../../src/component/fake-clock.ts';
import type { Logger } from '../../src/component/logger.ts';
import type { Context } from '../../src/component/spec.ts';
import { Kernel } from '../../src/kernel/kernel.ts';
import type { Batch, Fields } from '../../src/record/batch.ts';
import type { Delivery } from '../../src/record/delivery.ts';
import { liveCount, type Segment } from '../../src/record/segment.ts';
import type { Stream } from '../../src/record/stream.ts';

/** Deliveries made by hand over the real kernel, for tests of sinks. They never pass through a dispatcher. */

/** One message that a component logged. */
export interface Logged {
  readonly level: keyof Logger;
  readonly fields: object;
  readonly message: string;
}

export interface Bench {
  readonly kernel: Kernel;
  readonly clock: FakeClock;
  readonly logged: Logged[];
  readonly context: Context;
}

/** A kernel, a clock that stands still, and a context for a sink with the id `out`. */
export function bench(options: { slotBytes?: number; slotRecords?: number; stateDir?: string } = {}): Bench {
  const slotBytes = options.slotBytes ?? 65_536;
  const slotRecords = options.slotRecords ?? 4096;
  const kernel = Kernel.create({
    memoryBytes: 4 * (slotBytes + slotRecords * 18 + 1024),
    slotBytes,
    slotRecords,
  });
  const clock = new FakeClock({ now: 1000, epoch: Date.UTC(2026, 10, 22, 18, 5, 10) });
  const logged: Logged[] = [];
  const at = (level: keyof Logger) => (fields: object, message: string) => {
    logged.push({ level, fields, message });
  };
  const log: Logger = { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
  return {
    kernel,
    clock,
    logged,
    context: { id: 'out', log, clock, kernel, stateDir: options.stateDir ?? '/nowhere' },
  };
}

export function stream(properties: Partial<Stream> = {}): Stream {
  return {
    id: properties.path ?? '/var/log/app.log',
    source: 'app',
    sourceType: 'file',
    labels: {},
    path: '/var/log/app.log',
    commit() {},
    ...properties,
  };
}

const APP = stream();

/** What one segment is made of. */
export interface Part {
  /** The same one everywhere when left out. */
  readonly stream?: Stream;
  /** The bytes as read, terminators included. */
  readonly text: string | Uint8Array;
  readonly readAt?: number;
  /** Positions within the segment of the records that were not filtered. */
  readonly live?: readonly number[];
  readonly rewritten?: boolean;
  readonly maxRecordBytes?: number;
  /** By position within the segment. */
  readonly severities?: readonly number[];
  readonly timestamps?: readonly bigint[];
  readonly fields?: readonly (Fields | undefined)[];
}

let batches = 0;

/** A delivery of these segments to the sink `out`. Its slot is never given back. */
export function deliver({ kernel }: Bench, parts: readonly Part[]): Delivery {
  const slot = kernel.slots.take();
  if (slot === undefined) throw new Error('no free slot: make a new bench');
  const segments: Segment[] = [];
  let bytes = 0;
  let count = 0;
  const fields: (Fields | undefined)[] = [];
  for (const part of parts) {
    const text = Buffer.from(part.text as Uint8Array);
    if (text.copy(slot.bytes, bytes) < text.length) throw new Error('the slot is too small');
    const scanned = kernel.scanLines(slot, {
      from: bytes,
      length: text.length,
      firstRecord: count,
      maxRecordBytes: part.maxRecordBytes ?? slot.capacity,
      final: true,
    });
    if (scanned.consumed !== text.length) throw new Error('the slot holds too few records');
    for (const [i, severity] of (part.severities ?? []).entries()) slot.severities[count + i] = severity;
    for (const [i, timestamp] of (part.timestamps ?? []).entries()) slot.timestamps[count + i] = timestamp;
    for (let i = 0; i < scanned.count; i++) fields.push(part.fields?.[i]);
    segments.push({
      index: segments.length,
      stream: part.stream ?? APP,
      first: count,
      count: scanned.count,
      bytes: text.length,
      address: slot.address + bytes,
      readAt: part.readAt ?? 1000,
      from: 0,
      position: text.length,
      live: part.live === undefined ? null : Uint32Array.from(part.live, (index) => count + index),
      rewritten: part.rewritten ?? false,
      traced: null,
    });
    bytes += text.length;
    count += scanned.count;
  }
  const batch: Batch = {
    id: ++batches,
    slot,
    segments,
    count,
    bytes,
    fields: parts.some((part) => part.fields !== undefined) ? fields : null,
    hasSeverities: parts.some((part) => part.severities !== undefined),
    hasTimestamps: parts.some((part) => part.timestamps !== undefined),
    hasContexts: false,
    openedAt: 1000,
    sealedAt: 1000,
    processedAt: 1000,
  };
  const records = segments.reduce((sum, segment) => sum + liveCount(segment), 0);
  return { batch, sink: 'out', segments, records, bytes, attempts: [], accepted: 0 };
}

/** A signal that is never aborted. */
export const never = new AbortController().signal;
