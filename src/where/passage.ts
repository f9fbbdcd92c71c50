/**
 * What is remembered of a run of logs of one stream that went the same way through the agent: where they lay in the
 * stream, when each stage was done with them, and how each sink ended them. Runs that follow each other and went alike
 * become one. Made by the journal once a batch is complete; read by whoever asks where a line is.
 */
import type { IdSeed } from '../kernel/trace-ids.ts';
import type { Stream } from '../record/stream.ts';

/** `buffered`: in the disk buffer of the sink; what became of them there is not known here. */
export type End = 'delivered' | 'buffered' | 'dead_lettered' | 'dropped';

/** How one sink ended its logs. */
export interface Send {
  readonly sink: string;
  readonly attempts: number;
  readonly end: End;
  /** Why not delivered; empty: delivered. */
  readonly reason: string;
}

/** Sinks and ends that passages have in common; there is one object for each. */
export interface Way {
  readonly key: string;
  readonly sends: readonly Send[];
}

/** Logs of a passage that one sink did not take although it took others. */
export interface Refusal {
  readonly sink: string;
  readonly end: End;
  readonly reason: string;
  readonly count: number;
  /** Places within the passage, ascending; null: it is not known which. */
  readonly places: readonly number[] | null;
}

/** Logs that a processor removed. */
export interface Removal {
  readonly by: string;
  /** One bit a log of the passage, lowest first: whether the log was still there afterwards. */
  readonly kept: Uint8Array;
}

/** What gives the trace ids of the passage's logs back. */
export interface TracedPassage extends IdSeed {
  readonly threshold: bigint;
  /** Places of the traced logs within the passage, ascending; null: all that were not removed. */
  readonly places: Uint32Array | null;
  readonly count: number;
  /** Some may have a trace id that came with them. */
  readonly hasContexts: boolean;
}

/** Indexes of the first times of a passage; those of sends follow, in the order of `way.sends`. */
export const Time = { read: 0, sealed: 1, processed: 2, sends: 3 } as const;

export interface Passage {
  readonly stream: Stream;
  /** Position in the stream of the first byte, and behind the last. */
  readonly from: number;
  to: number;
  count: number;
  /** Of its first logs. */
  readonly batch: number;
  /** Index in that batch of the first log: from it ids are drawn. */
  readonly row: number;
  readonly way: Way;
  /** Monotonic milliseconds by `Time`, of the first and the last logs in it; one array when they are the same. */
  readonly first: readonly number[];
  last: readonly number[];
  /** Null: none. A passage with any of these is never joined to another. */
  readonly removals: readonly Removal[] | null;
  readonly refusals: readonly Refusal[] | null;
  readonly traced: TracedPassage | null;
  /** By sink that buffered it: how many logs had gone to that buffer in this run, these included. */
  readonly buffered: ReadonlyMap<string, number> | null;
  /** Bytes of memory it takes, about. */
  readonly size: number;
}

/** Bytes of an object with its numbers, measured on Node 24 (passages.test.ts keeps it honest). */
const OBJECT_BYTES = 240;
const ARRAY_BYTES = 48;
const NUMBER_BYTES = 8;

/** Bytes of memory that a passage with these parts takes, about. */
export function sizeOf(
  parts: Pick<Passage, 'first' | 'removals' | 'refusals' | 'traced' | 'buffered'>,
): number {
  // Twice: a passage that others were joined to has times of its first and of its last logs.
  let size = OBJECT_BYTES + 2 * (ARRAY_BYTES + NUMBER_BYTES * parts.first.length);
  for (const { kept } of parts.removals ?? []) size += 200 + kept.length;
  for (const { places } of parts.refusals ?? []) size += 100 + NUMBER_BYTES * (places?.length ?? 0);
  if (parts.traced !== null) size += 150 + (parts.traced.places?.byteLength ?? 0);
  if (parts.buffered !== null) size += 300;
  return size;
}

/**
 * Joins `next` to the passage it follows, when both went alike and were read within `spanMs` of each other.
 * Returns whether it did; `next` is to be forgotten then.
 */
export function join(passage: Passage, next: Passage, spanMs: number): boolean {
  if (passage.to !== next.from || passage.way !== next.way || !isPlain(passage) || !isPlain(next))
    return false;
  if (next.last[Time.read]! - passage.first[Time.read]! > spanMs) return false;
  passage.to = next.to;
  passage.count += next.count;
  passage.last = next.last;
  return true;
}

/** Whether it is enough to know the passage, whichever of its logs is asked for. */
export function isPlain({ removals, refusals, traced, buffered }: Passage): boolean {
  return removals === null && refusals === null && traced === null && buffered === null;
}

export function isKept({ kept }: Removal, place: number): boolean {
  return ((kept[place >> 3]! >> (place & 7)) & 1) === 1;
}
