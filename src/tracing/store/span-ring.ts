/**
 * The spans that the agent remembers: encoded spans in kernel memory, the newest over older ones. It is the memory store
 * and the storage of the exporters' queues at once; a run that an exporter still holds is never overwritten. Written by
 * the tracer; read by the store and by exporters.
 *
 * Memory is divided into zones that are filled one after another. At ordinary rates they take turns, so that the newest
 * spans are remembered without a gap. When zones fill faster than that, the ones used last are filled again as soon as
 * nobody holds them: memory that is still in the processor's cache takes half the time or less, and every now and then a
 * zone is left to be remembered.
 */
import type { Clock } from '../../component/clock.ts';
import type { Region } from '../../kernel/kernel.ts';
import type { Deflated, LogRunMeta, Run } from './run.ts';

/** The kernel's encoders may overwrite that much behind the end they return (kernel.ts, Region). */
const SLACK = 64;
/** A few zones fit into the second level of cache. Smaller memories have eight all the same. */
const ZONE_BYTES = 2 ** 21;
const MIN_ZONES = 8;
/** Runs are remembered up to one for so many bytes, so that what is known about small ones stays bounded as well. */
const BYTES_PER_RUN = 2048;
const MIN_RUNS = 4;
/** How often zones take turns at least, in milliseconds: a full round of 64 MiB takes 8 s then. */
const TURN_MS = 250;
/** Zones used last that may be filled again. */
const WARM_ZONES = 4;

/** Room in the ring: offset in its region, and how many bytes may be written from there. */
export interface Reservation {
  readonly at: number;
  readonly capacity: number;
}

interface Zone {
  readonly from: number;
  /** Behind the newest run. */
  head: number;
  spans: number;
  readonly runs: StoredRun[];
}

export class SpanRing {
  readonly region: Region;
  readonly #clock: Pick<Clock, 'now'>;
  readonly #zoneBytes: number;
  readonly #maxRuns: number;
  /** In the order in which they were begun; the last one is being filled. */
  readonly #zones: Zone[];
  #turnedAt = Number.NEGATIVE_INFINITY;
  #reserved = -1;
  #spans = 0;
  #overwritten = 0;

  constructor(region: Region, clock: Pick<Clock, 'now'>) {
    this.region = region;
    this.#clock = clock;
    const count = Math.max(MIN_ZONES, Math.floor(region.capacity / ZONE_BYTES));
    this.#zoneBytes = Math.floor(region.capacity / count);
    this.#maxRuns = Math.max(MIN_RUNS, Math.floor(this.#zoneBytes / BYTES_PER_RUN));
    this.#zones = Array.from({ length: count }, (_, i) => {
      const from = i * this.#zoneBytes;
      return { from, head: from, spans: 0, runs: [] };
    });
  }

  /** Most bytes that one run may have. */
  get maxRunBytes(): number {
    return Math.max(0, this.#zoneBytes - SLACK);
  }

  /** Spans remembered now, and spans overwritten since the start. */
  get spans(): number {
    return this.#spans;
  }

  get overwritten(): number {
    return this.#overwritten;
  }

  /**
   * Makes room for `bytes` bytes, forgetting older runs. Null when they do not fit at all or everything is held.
   * Nothing is taken until `commit`; a second reservation replaces the first.
   */
  reserve(bytes: number): Reservation | null {
    if (!(bytes <= this.maxRunBytes)) return null;
    let zone = this.#zones.at(-1)!;
    if (zone.head + bytes + SLACK > zone.from + this.#zoneBytes || zone.runs.length === this.#maxRuns) {
      if (!this.#begin()) return null;
      zone = this.#zones.at(-1)!;
    }
    this.#reserved = zone.head;
    return { at: zone.head, capacity: bytes };
  }

  /** Remembers the first `bytes` bytes of the last reservation as a run. */
  commit(
    { at, capacity }: Reservation,
    bytes: number,
    spans: number,
    meta: LogRunMeta | null,
    { scope = null, deflated = null }: { scope?: Buffer | null; deflated?: Deflated | null } = {},
  ): Run {
    const zone = this.#zones.at(-1)!;
    if (at !== this.#reserved || bytes > capacity) {
      throw new RangeError('only what was reserved last can be committed, within its capacity');
    }
    const run = new StoredRun(this.region.bytes, at, bytes, spans, meta, scope, deflated);
    zone.runs.push(run);
    zone.spans += spans;
    zone.head = at + bytes;
    this.#spans += spans;
    this.#reserved = -1;
    return run;
  }

  /** Runs from the newest to the oldest. The ring must not be written to meanwhile. */
  *newestFirst(): Generator<Run> {
    for (const { runs } of this.#zones.toReversed()) yield* runs.toReversed();
  }

  /** Empties a zone and makes it the one to fill. False when exporters hold runs in every other. */
  #begin(): boolean {
    const now = this.#clock.now();
    let index = now - this.#turnedAt < TURN_MS ? this.#warm() : -1;
    if (index === -1) {
      index = this.#zones.findIndex(isFree);
      this.#turnedAt = now;
    }
    const zone = this.#zones[index];
    if (zone === undefined) return false;
    this.#spans -= zone.spans;
    this.#overwritten += zone.spans;
    zone.runs.length = 0;
    zone.spans = 0;
    zone.head = zone.from;
    this.#zones.splice(index, 1);
    this.#zones.push(zone);
    return true;
  }

  /** Of the zones used last, but not the one that was filled just now, the latest that nobody holds; -1: none. */
  #warm(): number {
    const last = this.#zones.length - 2;
    for (let i = last; i > last - WARM_ZONES; i--) if (isFree(this.#zones[i]!)) return i;
    return -1;
  }
}

function isFree({ runs }: Zone): boolean {
  return runs.every((run) => run.holders === 0);
}

class StoredRun implements Run {
  readonly at: number;
  readonly length: number;
  readonly spans: number;
  readonly meta: LogRunMeta | null;
  readonly scope: Buffer | null;
  readonly deflated: Deflated | null;
  readonly #region: Buffer;
  holders = 0;

  constructor(
    region: Buffer,
    at: number,
    length: number,
    spans: number,
    meta: LogRunMeta | null,
    scope: Buffer | null,
    deflated: Deflated | null,
  ) {
    this.#region = region;
    this.at = at;
    this.length = length;
    this.spans = spans;
    this.meta = meta;
    this.scope = scope;
    this.deflated = deflated;
  }

  get type(): 'log' | 'system' {
    return this.meta === null ? 'system' : 'log';
  }

  /** Made when asked for: most runs are overwritten without anybody having looked. */
  get bytes(): Buffer {
    return this.#region.subarray(this.at, this.at + this.length);
  }
}
