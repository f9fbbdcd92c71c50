/**
 * The records of one file from one beginning on, and how far they were delivered. A file that is truncated goes on as
 * a new stream, so that late acknowledgements of what it held before are not taken for the new content's.
 */
import type { Clock } from '../../component/clock.ts';
import type { Positions } from '../../component/source.ts';
import type { Stream } from '../../record/stream.ts';
import { type Fingerprint, NOTHING } from './fingerprint.ts';
import { shownPath } from './names.ts';
import type { PositionEntry } from './position-entry.ts';

/** What all streams of a source share. */
export interface StreamOrigin {
  readonly source: string;
  readonly sourceType: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly positions: Positions;
  readonly clock: Clock;
}

interface Mark {
  readonly position: number;
  readonly tail: Fingerprint;
}

export class FileStream implements Stream {
  readonly id: string;
  readonly source: string;
  readonly sourceType: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly path: string;
  /** Where reading began, and bytes before it that nobody wanted. */
  readonly began: number;
  readonly skipped: number;
  readonly #home: string;
  #key: string;
  #born: number;
  readonly #origin: StreamOrigin;
  /** Ends of chunks handed over and not committed, in order. */
  readonly #marks: Mark[] = [];
  #retired = false;
  #head: Fingerprint;
  /** Of the bytes that end at `committed`. */
  #tail: Fingerprint;
  /** Delivered up to here. */
  committed: number;
  /** The file was given up: nothing is left to read of it. */
  done = false;

  /** `home`: the path the file was found under; `born`: when it came into being, in milliseconds since 1970. */
  constructor(options: {
    home: string;
    born: number;
    key: string;
    origin: StreamOrigin;
    position: number;
    skipped: number;
    head: Fingerprint;
    tail: Fingerprint;
  }) {
    const { home, key, origin } = options;
    this.#home = home;
    this.#born = options.born;
    this.path = shownPath(home);
    this.id = this.path;
    this.source = origin.source;
    this.sourceType = origin.sourceType;
    this.labels = origin.labels;
    this.#key = key;
    this.began = options.position;
    this.skipped = options.skipped;
    this.#origin = origin;
    this.committed = options.position;
    this.#head = options.head;
    this.#tail = options.tail;
  }

  /** Device and inode of the file that the records are in. */
  get key(): string {
    return this.#key;
  }

  /** Notes the end of a chunk that is about to be handed over, and what precedes it in the file. */
  mark(position: number, tail: Fingerprint, head: Fingerprint): void {
    this.#marks.push({ position, tail });
    this.#head = head;
  }

  commit(position: number): void {
    let last: Mark | undefined;
    while (this.#marks.length > 0 && this.#marks[0]!.position <= position) last = this.#marks.shift();
    this.committed = position;
    this.#tail = last?.position === position ? last.tail : NOTHING;
    this.save(position, this.#tail);
  }

  /** Stores what is known now, although nothing more was delivered. */
  note(): void {
    this.save(this.committed, this.#tail);
  }

  /** Notes what the file's first bytes are, and those before what is delivered, without a chunk. */
  begins(head: Fingerprint, tail = this.#tail): void {
    this.#head = head;
    this.#tail = tail;
  }

  /** Writes a position to the store, unless the stream is retired. */
  save(offset: number, tail: Fingerprint): void {
    if (this.#retired) return;
    const { clock, positions } = this.#origin;
    const seen = Math.round(clock.toEpoch(clock.now()));
    const entry: PositionEntry = {
      path: this.#home,
      offset,
      head: this.#head,
      tail,
      seen,
      born: this.#born,
      ...(this.skipped > 0 && { skipped: this.skipped }),
      // Not before everything is delivered: what is given up is not searched for after a crash.
      ...(this.done && this.#marks.length === 0 && { done: true }),
    };
    positions.set(this.#key, entry);
  }

  /** From now on nothing is stored: the bytes this stream was read from are gone. */
  retire(): void {
    this.#retired = true;
  }

  /** The file is gone, but what was read of it is still to be known: it may come back compressed. */
  outlive(): void {
    this.done = true;
    this.moveTo(`${this.#key}/${this.#head.crc}`, this.#born);
  }

  /** The bytes this stream was read from are in another file now, a copy that came into being at `born`. */
  moveTo(key: string, born: number): void {
    this.#retired = false;
    this.#key = key;
    this.#born = born;
    this.note();
  }
}
