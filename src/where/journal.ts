/**
 * Keeps book of where every log is, batch by batch: what is in flight and what its sinks are doing, and of what is done
 * when each stage was and how it ended (passages.ts). An observer of the dispatcher: told per batch, segment and send,
 * never per log, and never asks a log for anything. Read by where.ts.
 */
import type { Clock } from '../component/clock.ts';
import type { Observer, Outcome } from '../component/observer.ts';
import type { Batch } from '../record/batch.ts';
import type { Delivery } from '../record/delivery.ts';
import { liveCount, type Segment } from '../record/segment.ts';
import type { Stream } from '../record/stream.ts';
import {
  type End,
  type Passage,
  type Refusal,
  type Removal,
  type Send,
  sizeOf,
  type TracedPassage,
  type Way,
} from './passage.ts';
import { Passages } from './passages.ts';
import { Rate } from './rate.ts';
import { refusedPlaces, type SendState, type Settled } from './sends.ts';

/** Logs in flight. */
export interface InFlight {
  readonly batch: Batch;
  readonly segment: Segment;
  /** What is known of its deliveries, of which a sink may have several; empty until processors are done. */
  readonly sends: ReadonlyMap<Delivery, SendState>;
}

/** Most places of traced logs that a passage keeps. */
const MAX_TRACED_PLACES = 1024;
/** Most ways that are kept to be shared. */
const MAX_WAYS = 1000;
/** Most streams whose rate of reading and latest content are known. */
const MAX_STREAMS = 100_000;

export class DeliveryJournal implements Observer {
  readonly passages: Passages;
  readonly #clock: Pick<Clock, 'now'>;
  /** The oldest first. */
  readonly #inFlight = new Map<Batch, Map<Delivery, SendState>>();
  readonly #ways = new Map<string, Way>();
  #lastWay: { readonly ended: readonly Ended[]; readonly way: Way } | null = null;
  /** By sink: logs moved to its disk buffer in this run. */
  readonly #buffered = new Map<string, number>();
  /** What the file of this key was last read as; a truncated file goes on as another stream. */
  readonly #latest = new Map<string, { readonly stream: Stream; readonly rate: Rate }>();
  readonly #rates = new WeakMap<Stream, Rate>();

  constructor(options: { clock: Pick<Clock, 'now'>; memoryBytes: number }) {
    this.#clock = options.clock;
    this.passages = new Passages(options.memoryBytes);
  }

  accepted(segment: Segment, batch: Batch): void {
    if (!this.#inFlight.has(batch)) this.#inFlight.set(batch, new Map());
    const { stream, readAt, bytes } = segment;
    if (stream.key !== undefined) this.#rateOf(stream, stream.key).add(readAt, bytes);
  }

  attempted(delivery: Delivery, retryInMs?: number): void {
    const attempt = delivery.attempts.at(-1);
    this.#inFlight.get(delivery.batch)?.set(delivery, {
      ...(retryInMs !== undefined && attempt !== undefined && { retryAt: attempt.endedAt + retryInMs }),
    });
  }

  settled(delivery: Delivery, outcome: Outcome, reason = '', rows: readonly number[] | null = null): void {
    const end = endOf(outcome);
    const { buffered = 0 } = outcome;
    if (buffered > 0) this.#buffered.set(delivery.sink, this.buffered(delivery.sink) + buffered);
    const lost = outcome.dropped + outcome.deadLettered;
    const bufferedBy = this.buffered(delivery.sink);
    const settled = { at: this.#clock.now(), end, reason, lost, rows, bufferedBy };
    this.#inFlight.get(delivery.batch)?.set(delivery, { settled });
  }

  completed(batch: Batch): void {
    const states = this.#inFlight.get(batch);
    if (states === undefined) return;
    this.#inFlight.delete(batch);
    if (this.passages.maxBytes === 0) return;
    const ended: Ended[][] = batch.segments.map(() => []);
    for (const [delivery, { settled }] of states) {
      if (settled === undefined) continue;
      const one = endedOf(delivery, settled);
      for (const { index } of delivery.segments) ended[index]!.push(one);
    }
    for (const segment of batch.segments) {
      this.passages.add(this.#passage(batch, segment, ended[segment.index]!));
    }
  }

  /** The latest of what was read from the file with this key. */
  latest(source: string, key: string): Stream | undefined {
    return this.#latest.get(latestKey(source, key))?.stream;
  }

  /** Bytes a second that are being read from the file; 0: none, or not known. */
  rate(source: string, key: string): number {
    return this.#latest.get(latestKey(source, key))?.rate.at(this.#clock.now()) ?? 0;
  }

  /** How many logs went to the sink's disk buffer in this run. */
  buffered(sink: string): number {
    return this.#buffered.get(sink) ?? 0;
  }

  /** What is in flight of the stream at this position. */
  inFlightAt(stream: Stream, position: number): InFlight | undefined {
    for (const each of this.inFlight()) {
      const { segment } = each;
      if (segment.stream === stream && segment.from <= position && position < segment.position) return each;
    }
    return undefined;
  }

  /** Everything in flight, the oldest first. */
  *inFlight(): Generator<InFlight> {
    for (const [batch, sends] of this.#inFlight) {
      for (const segment of batch.segments) yield { batch, segment, sends };
    }
  }

  /** Every stream of which something is known. */
  streams(): Set<Stream> {
    const streams = new Set(this.passages.streams());
    for (const { segment } of this.inFlight()) streams.add(segment.stream);
    return streams;
  }

  /** That of its file, which may have been read as other streams before. */
  #rateOf(stream: Stream, fileKey: string): Rate {
    let rate = this.#rates.get(stream);
    if (rate !== undefined) return rate;
    const key = latestKey(stream.source, fileKey);
    rate = this.#latest.get(key)?.rate ?? new Rate();
    this.#rates.set(stream, rate);
    // Again at the end: the first is the one that was left alone longest.
    this.#latest.delete(key);
    this.#latest.set(key, { stream, rate });
    if (this.#latest.size > MAX_STREAMS) this.#latest.delete(this.#latest.keys().next().value!);
    return rate;
  }

  #passage(batch: Batch, segment: Segment, ended: readonly Ended[]): Passage {
    const times = [segment.readAt, batch.sealedAt, batch.processedAt];
    let refusals: Refusal[] | null = null;
    let buffered: Map<string, number> | null = null;
    for (const { send, settled, isWhole } of ended) {
      times.push(settled.at);
      if (settled.end === 'buffered') {
        buffered ??= new Map();
        buffered.set(send.sink, settled.bufferedBy);
      }
      if (isWhole) continue;
      const { end, reason, lost, rows } = settled;
      const places = refusedPlaces(segment, rows);
      if (places?.length === 0) continue;
      refusals ??= [];
      refusals.push({ sink: send.sink, end, reason, count: places?.length ?? lost, places });
    }
    const parts = {
      first: times,
      removals: removalsOf(segment),
      refusals,
      traced: tracedOf(segment),
      buffered,
    };
    return {
      stream: segment.stream,
      from: segment.from,
      to: segment.position,
      count: segment.count,
      batch: batch.id,
      row: segment.first,
      way: this.#wayOf(ended),
      last: times,
      ...parts,
      size: sizeOf(parts),
    };
  }

  #wayOf(ended: readonly Ended[]): Way {
    // Segments of a batch mostly go to the same sinks.
    if (this.#lastWay !== null && isSame(this.#lastWay.ended, ended)) return this.#lastWay.way;
    const key = ended.map((each) => each.key).join('');
    let way = this.#ways.get(key);
    if (way === undefined) {
      // Attempts and reasons make ways many over the years; those in use are made again at no great cost.
      if (this.#ways.size >= MAX_WAYS) this.#ways.clear();
      way = { key, sends: ended.map(({ send }) => send) };
      this.#ways.set(key, way);
    }
    this.#lastWay = { ended, way };
    return way;
  }
}

/** How a delivery ended, worked out once for all its segments. */
interface Ended {
  readonly send: Send;
  /** Tells sends apart. */
  readonly key: string;
  readonly settled: Settled;
  /** Its records all ended alike. */
  readonly isWhole: boolean;
}

function endedOf({ sink, attempts, records }: Delivery, settled: Settled): Ended {
  const isWhole = settled.lost === 0 || settled.lost >= records;
  const { end, reason } = isWhole ? settled : DELIVERED;
  const send = { sink, attempts: attempts.length, end, reason };
  return { send, key: `${sink}\t${send.attempts}\t${end}\t${reason}\n`, settled, isWhole };
}

const DELIVERED = { end: 'delivered', reason: '' } as const;

function isSame(a: readonly Ended[], b: readonly Ended[]): boolean {
  return a.length === b.length && a.every((each, i) => each === b[i]);
}

function endOf({ dropped, deadLettered, buffered = 0 }: Outcome): End {
  if (dropped > 0) return 'dropped';
  if (deadLettered > 0) return 'dead_lettered';
  return buffered > 0 ? 'buffered' : 'delivered';
}

function latestKey(source: string, key: string): string {
  return `${source} ${key}`;
}

function removalsOf(segment: Segment): readonly Removal[] | null {
  if (liveCount(segment) === segment.count) return null;
  const steps = segment.removals ?? [{ by: 'a processor', live: segment.live! }];
  return steps.map(({ by, live }) => {
    const kept = new Uint8Array(Math.ceil(segment.count / 8));
    for (const row of live) {
      const place = row - segment.first;
      kept[place >> 3]! |= 1 << (place & 7);
    }
    return { by, kept };
  });
}

function tracedOf({ traced, first }: Segment): TracedPassage | null {
  if (traced === null) return null;
  const { prefix, seed, threshold, rows, count, hasContexts } = traced;
  const kept = rows?.subarray(0, MAX_TRACED_PLACES) ?? null;
  // The first segment of a batch, which is most often the only one, has its rows at their places.
  const places = kept === null || first === 0 ? kept : kept.map((row) => row - first);
  return { prefix, seed, threshold, places, count, hasContexts };
}
