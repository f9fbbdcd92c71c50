/**
 * The spans that the agent remembers: a ring of encoded spans in kernel memory, the newest over the oldest. It is the
 * memory store and the storage of the exporters' queues at once; a run that an exporter still holds is never
 * overwritten. Written by the tracer; read by the store and by exporters.
 */
import type { Region } from '../kernel/kernel.ts';
import type { LogRunMeta, Run } from './run.ts';

/** The kernel's encoders may overwrite that much behind the end they return (kernel.ts, Region). */
const SLACK = 64;
/** Runs are remembered up to one for so many bytes, so that what is known about small ones stays bounded as well. */
const BYTES_PER_RUN = 2048;
const MIN_RUNS = 16;

/** Room in the ring: offset in its region, and how many bytes may be written from there. */
export interface Reservation {
  readonly at: number;
  readonly capacity: number;
}

export class SpanRing {
  readonly region: Region;
  readonly #maxRuns: number;
  /** Ring of runs, oldest at `#first`; in the order of their places in memory. */
  readonly #runs: (StoredRun | undefined)[];
  #first = 0;
  #count = 0;
  /** Behind the newest run, and where the last reservation begins. */
  #head = 0;
  #reserved = 0;
  #spans = 0;
  #overwritten = 0;

  constructor(region: Region) {
    this.region = region;
    this.#maxRuns = Math.max(MIN_RUNS, Math.floor(region.capacity / BYTES_PER_RUN));
    this.#runs = Array.from({ length: this.#maxRuns });
  }

  /** Most bytes that one run may have. */
  get maxRunBytes(): number {
    return this.region.capacity - SLACK;
  }

  /** Spans remembered now, and spans overwritten since the start. */
  get spans(): number {
    return this.#spans;
  }

  get overwritten(): number {
    return this.#overwritten;
  }

  /**
   * Makes room for `bytes` bytes, forgetting the oldest runs. Null when they do not fit at all or lie where a held run
   * is. Nothing is taken until `commit`; a second reservation replaces the first.
   */
  reserve(bytes: number): Reservation | null {
    if (!(bytes <= this.maxRunBytes)) return null;
    let at = this.#head;
    if (at + bytes + SLACK > this.region.capacity) {
      // What lies between here and the end is older than what lies at the start: it goes first, or the order is lost.
      if (!this.#forget(at, this.region.capacity)) return null;
      at = 0;
    }
    if (!this.#forget(at, at + bytes + SLACK)) return null;
    if (this.#count === this.#maxRuns && !this.#forgetOldest()) return null;
    this.#reserved = at;
    return { at, capacity: bytes };
  }

  /** Remembers the first `bytes` bytes of the last reservation as a run. */
  commit(reservation: Reservation, bytes: number, spans: number, meta: LogRunMeta | null): Run {
    if (reservation.at !== this.#reserved || bytes > reservation.capacity) {
      throw new RangeError('only what was reserved last can be committed, within its capacity');
    }
    const run = new StoredRun(this.region.bytes, reservation.at, bytes, spans, meta);
    this.#runs[(this.#first + this.#count) % this.#maxRuns] = run;
    this.#count++;
    this.#head = reservation.at + bytes;
    this.#spans += spans;
    return run;
  }

  /** Runs from the newest to the oldest. The ring must not be written to meanwhile. */
  *newestFirst(): Generator<Run> {
    for (let i = this.#count - 1; i >= 0; i--) yield this.#runs[(this.#first + i) % this.#maxRuns]!;
  }

  /** Forgets runs, oldest first, until none of them lies in [from, to). False when a held one is in the way. */
  #forget(from: number, to: number): boolean {
    while (this.#count > 0) {
      const oldest = this.#runs[this.#first]!;
      if (oldest.at >= to || oldest.at + oldest.length <= from) return true;
      if (!this.#forgetOldest()) return false;
    }
    return true;
  }

  #forgetOldest(): boolean {
    const oldest = this.#runs[this.#first]!;
    if (oldest.holders > 0) return false;
    this.#runs[this.#first] = undefined;
    this.#first = (this.#first + 1) % this.#maxRuns;
    this.#count--;
    this.#spans -= oldest.spans;
    this.#overwritten += oldest.spans;
    return true;
  }
}

class StoredRun implements Run {
  readonly at: number;
  readonly length: number;
  readonly spans: number;
  readonly meta: LogRunMeta | null;
  readonly #region: Buffer;
  holders = 0;

  constructor(region: Buffer, at: number, length: number, spans: number, meta: LogRunMeta | null) {
    this.#region = region;
    this.at = at;
    this.length = length;
    this.spans = spans;
    this.meta = meta;
  }

  get type(): 'log' | 'system' {
    return this.meta === null ? 'system' : 'log';
  }

  /** Made when asked for: most runs are overwritten without anybody having looked. */
  get bytes(): Buffer {
    return this.#region.subarray(this.at, this.at + this.length);
  }
}
