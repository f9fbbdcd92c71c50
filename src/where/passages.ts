/**
 * The memory of passages, bounded in bytes. When it is full, older passages that went alike are joined over ever longer
 * times, so that what is old is known less exactly; only then are the oldest forgotten. Filled by the journal.
 */
import type { Stream } from '../record/stream.ts';
import { join, type Passage, Time } from './passage.ts';

/** Passages read within so many milliseconds of each other are joined at once. */
const JOIN_MS = 1000;
/** Over so many milliseconds they are joined when memory is short, one step after the other. */
const LONGER_MS = [10_000, 60_000, 600_000, 3600_000];
/** The part of the memory that is in use after making room. */
const KEEP = 0.75;
/** The part of the memory that joining must free, or it is not worth another try. */
const WORTH = 0.02;
/** The newest part of the passages, which is never joined any further. */
const FRESH = 0.25;

export class Passages {
  readonly #byStream = new Map<Stream, Passage[]>();
  /** In the order of their ends. */
  readonly #all = new Set<Passage>();
  #maxBytes: number;
  #bytes = 0;

  /** `maxBytes`: 0 remembers nothing. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get count(): number {
    return this.#all.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get maxBytes(): number {
    return this.#maxBytes;
  }

  add(passage: Passage): void {
    const list = this.#byStream.get(passage.stream);
    if (list === undefined) this.#byStream.set(passage.stream, [passage]);
    else {
      const at = firstAfter(list, passage.from);
      const before = list[at - 1];
      if (before !== undefined && join(before, passage, JOIN_MS)) return;
      list.splice(at, 0, passage);
    }
    this.#all.add(passage);
    this.#bytes += passage.size;
    this.#makeRoom();
  }

  /** The passage with the byte at this position. */
  at(stream: Stream, position: number): Passage | undefined {
    const list = this.#byStream.get(stream) ?? [];
    const passage = list[firstAfter(list, position) - 1];
    return passage !== undefined && position < passage.to ? passage : undefined;
  }

  /** Streams of which something is remembered. */
  streams(): Iterable<Stream> {
    return this.#byStream.keys();
  }

  has(stream: Stream): boolean {
    return this.#byStream.has(stream);
  }

  newestFirst(): Passage[] {
    return [...this.#all].reverse();
  }

  #makeRoom(): void {
    if (this.#bytes <= this.#maxBytes) return;
    const enough = this.#maxBytes * KEEP;
    for (const spanMs of LONGER_MS) {
      if (this.#bytes <= enough) return;
      const before = this.#bytes;
      this.#joinOlder(spanMs);
      if (before - this.#bytes < this.#maxBytes * WORTH) break;
    }
    for (const passage of this.#all) {
      if (this.#bytes <= enough) return;
      this.#forget(passage);
      const list = this.#byStream.get(passage.stream)!;
      list.splice(list.indexOf(passage), 1);
      if (list.length === 0) this.#byStream.delete(passage.stream);
    }
  }

  #joinOlder(spanMs: number): void {
    let left = this.#all.size * (1 - FRESH);
    let newest = Number.NEGATIVE_INFINITY;
    for (const { last } of this.#all) {
      if (left-- < 0) break;
      newest = last[Time.read]!;
    }
    for (const [stream, list] of this.#byStream) {
      const kept: Passage[] = [];
      for (const passage of list) {
        const before = kept.at(-1);
        if (before !== undefined && passage.last[Time.read]! <= newest && join(before, passage, spanMs)) {
          this.#forget(passage);
        } else kept.push(passage);
      }
      this.#byStream.set(stream, kept);
    }
  }

  #forget(passage: Passage): void {
    this.#all.delete(passage);
    this.#bytes -= passage.size;
  }
}

/** Index of the first passage that begins behind the position. */
function firstAfter(list: readonly Passage[], position: number): number {
  // What is added mostly follows what is there.
  if (list.length > 0 && list.at(-1)!.from <= position) return list.length;
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (list[middle]!.from <= position) low = middle + 1;
    else high = middle;
  }
  return low;
}
