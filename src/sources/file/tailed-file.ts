/**
 * One file that is tailed: where reading stands, what is known of the file, and the read itself. It does not decide
 * when to read or when the file is done with; the file source does.
 */
import type { Stats } from 'node:fs';
import type { Clock } from '../../component/clock.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import type { Slot } from '../../kernel/slot.ts';
import type { Chunk } from '../../record/chunk.ts';
import { beginsWith, type Content, contentUpTo, holds } from './content.ts';
import { closeFile, type OpenFile, readAt } from './file-handle.ts';
import { FileStream, type StreamOrigin } from './file-stream.ts';
import { extendHead, FINGERPRINT_BYTES, type Fingerprint, matches, NOTHING, tailOf } from './fingerprint.ts';
import type { Queued } from './read-queue.ts';
import { type Sibling, startOf } from './siblings.ts';

export interface ReadOptions {
  readonly kernel: Kernel;
  readonly clock: Clock;
  readonly maxLineBytes: number;
  /** `FINGERPRINT_BYTES` of memory, shared: each file needs it only during a read. */
  readonly before: Buffer;
}

/**
 * `lines`: a chunk was made. `none`: no line was complete. `rewritten`: the bytes before the position are not those
 * that were read, so the file was truncated or replaced and nothing was taken from it.
 */
export type Reading =
  | { readonly kind: 'lines'; readonly chunk: Chunk; readonly splits: number }
  | { readonly kind: 'none' | 'rewritten' };

const NONE: Reading = { kind: 'none' };
const REWRITTEN: Reading = { kind: 'rewritten' };

export class TailedFile {
  readonly key: string;
  /** Rounded to what a double holds; good enough to see that a path leads elsewhere, while `key` is exact. */
  readonly dev: number;
  readonly ino: number;
  readonly #origin: StreamOrigin;
  #open: OpenFile | undefined;
  #head: Fingerprint;
  #tail: Fingerprint;
  #skipNuls = false;

  /** The path it was found under: where it is in the order of rotation, and what operators know it by. */
  readonly home: string;
  /** When it came into being by the clock of its file system, in milliseconds since 1970. */
  readonly startedAt: number;
  /** Where it is to be found now. */
  path: string;
  /** The path it was at when it was last seen to hold what was read: a copy of that is beside it. */
  heldAt: string;
  stream: FileStream;
  /** Everything before it was handed over. */
  position: number;
  /** Everything before it was looked at; what lies between is the start of an unfinished line. */
  seenTo: number;
  /** As known from the last look or read. */
  size: number;
  modifiedAt = 0;
  /** The last read did not come to the end of the file. */
  more = false;

  /** Monotonic milliseconds: when it was last seen to hold what was read, when it last grew, and when it is to be looked at again. */
  intactAt: number;
  changedAt: number;
  dueAt: number;
  /** When its path stopped leading to it; undefined while it does. A file put aside by rotation before it was read never had one. */
  detachedAt: number | undefined;
  /** No path leads to it, it has been quiet, and it is only looked at now and then. */
  followed = false;
  /**
   * Since when it is blank, in milliseconds since 1970: it came into being or was truncated while the source ran, and
   * nothing was read of it since then.
   */
  blankSince: number | undefined;
  /** It waits for a read. */
  queued = false;
  /** No more growth is expected: the next read takes an unfinished last line as a record. */
  finishing = false;
  /** It could be opened at least once. */
  readable = false;
  /** The file that its path led to before, whose rest is to be read first. */
  predecessor: Queued | undefined;

  constructor(options: {
    path: string;
    home: string;
    startedAt: number;
    key: string;
    dev: number;
    ino: number;
    size: number;
    now: number;
    origin: StreamOrigin;
    /** Where reading starts: after what was read before, or at a byte, of which nothing is known. */
    from: (Content & { readonly skipped?: number }) | number;
    /** The stream that its first part was read as, when that was another file. */
    stream?: FileStream;
  }) {
    const { home, startedAt, key, origin, from, now } = options;
    this.path = options.path;
    this.heldAt = options.path;
    this.home = home;
    this.startedAt = startedAt;
    this.key = key;
    this.dev = options.dev;
    this.ino = options.ino;
    this.size = options.size;
    this.#origin = origin;
    const known = typeof from === 'number' ? { position: from, head: NOTHING, tail: NOTHING } : from;
    const skipped = typeof from === 'number' ? from : (from.skipped ?? 0);
    this.position = known.position;
    this.seenTo = known.position;
    this.#head = known.head;
    this.#tail = known.tail;
    this.stream = options.stream ?? new FileStream({ home, born: startedAt, key, origin, ...known, skipped });
    this.intactAt = now;
    this.changedAt = now;
    this.dueAt = now;
  }

  /** A file as a look at it showed it. `home` is its path where rotation has not moved it. */
  static found(
    { path, key, stats }: Sibling,
    options: {
      home?: string;
      from: (Content & { readonly skipped?: number }) | number;
      stream?: FileStream;
      now: number;
      origin: StreamOrigin;
    },
  ): TailedFile {
    const file = new TailedFile({
      ...options,
      path,
      home: options.home ?? path,
      key,
      dev: Number(stats.dev),
      ino: Number(stats.ino),
      size: Number(stats.size),
      startedAt: startOf(stats),
    });
    // Only a hint for the order of reading, until the first poll.
    file.modifiedAt = Number(stats.mtimeNs) / 1e6;
    return file;
  }

  get isOpen(): boolean {
    return this.#open !== undefined;
  }

  get fd(): number {
    return this.#open!.fd;
  }

  opened(open: OpenFile): void {
    this.#open = open;
    this.readable = true;
  }

  /** Gives up the open file without closing it. */
  release(): OpenFile {
    const open = this.#open!;
    this.#open = undefined;
    return open;
  }

  close(): void {
    if (this.#open === undefined) return;
    closeFile(this.#open.fd);
    this.#open = undefined;
  }

  /** Takes over what a look at the file showed. True when there may be something to read. */
  observe(stats: Stats, now: number): boolean {
    const changed = stats.size !== this.seenTo || stats.mtimeMs !== this.modifiedAt;
    this.size = stats.size;
    this.modifiedAt = stats.mtimeMs;
    if (changed) this.changedAt = now;
    else this.intactAt = now;
    return changed;
  }

  /** What was read of it. */
  get content(): Content {
    return { position: this.position, head: this.#head, tail: this.#tail };
  }

  /** Whether the file still begins as it did. Call after opening it. */
  beginsAsBefore(): Promise<boolean> {
    return beginsWith(this.fd, this.#head);
  }

  /** Whether an open file holds what was read from this one, see `holds`. */
  isFoundIn(fd: number): Promise<boolean | undefined> {
    return holds(fd, this.content);
  }

  /** Takes the fingerprint of the first bytes of a file that waits for its first read. Call after opening. */
  async peek(): Promise<void> {
    if (this.position > 0 || this.#head.bytes > 0) return;
    const head = Buffer.allocUnsafe(FINGERPRINT_BYTES);
    this.#head = extendHead(NOTHING, 0, head.subarray(0, await readAt(this.fd, [head], 0)));
    if (this.#head.bytes === 0) return;
    this.stream.begins(this.#head);
    this.stream.note();
  }

  /** Takes the fingerprints of what lies before the position and was not read. Call after opening. */
  async learn(): Promise<void> {
    const { head, tail } = await contentUpTo(this.fd, this.position);
    this.#head = head;
    this.#tail = tail;
    this.stream.begins(head, tail);
  }

  /**
   * Reads once from the position on into the slot and moves the position behind the last complete line. The read
   * begins somewhat earlier, to see whether the bytes there are still those that were read last time: however
   * fast a file was truncated and grew again, the new content is not mistaken for the old one's continuation.
   * The slot is the chunk's only when lines were read. Rejects with errors of read(2).
   */
  async read(slot: Slot, options: ReadOptions): Promise<Reading> {
    const known = this.#tail.bytes;
    const before = options.before.subarray(0, known);
    const buffers = known === 0 ? [slot.bytes] : [before, slot.bytes];
    const read = (await readAt(this.fd, buffers, this.position - known)) - known;
    const readAtMs = options.clock.now();
    if (read < 0 || !matches(this.#tail, before)) return REWRITTEN;
    if (
      this.position === 0 &&
      !matches(this.#head, slot.bytes.subarray(0, Math.min(read, this.#head.bytes)))
    ) {
      return REWRITTEN;
    }
    this.intactAt = readAtMs;
    this.heldAt = this.path;
    if (this.#skipNuls && this.#skippedNuls(slot, read)) return NONE;

    const from = this.position;
    const maxRecordBytes = Math.min(options.maxLineBytes, slot.capacity >>> 1);
    const atEnd = read < slot.capacity;
    const { count, consumed, splits } = options.kernel.scanLines(slot, {
      from: 0,
      length: read,
      firstRecord: 0,
      maxRecordBytes,
      final: this.finishing && atEnd,
    });
    this.more = !atEnd || count === slot.maxRecords;
    this.seenTo = from + read;
    this.size = Math.max(this.size, this.seenTo);
    if (count === 0) return NONE;

    const taken = slot.bytes.subarray(0, consumed);
    this.position = from + consumed;
    this.changedAt = readAtMs;
    const head = this.#head.bytes;
    this.#head = extendHead(from === 0 ? NOTHING : this.#head, from, taken);
    this.#tail = tailOf(before, taken);
    this.stream.mark(this.position, this.#tail, this.#head);
    // By this it is known again, and copies of it are, although a sink that is down lets nothing be delivered.
    if (this.#head.bytes > head) this.stream.note();
    const chunk = {
      slot,
      stream: this.stream,
      bytes: consumed,
      count,
      readAt: readAtMs,
      from,
      position: this.position,
    };
    return { kind: 'lines', chunk, splits };
  }

  /** Starts again from the first byte, after the content was replaced. */
  restart(now: number): void {
    this.stream.retire();
    this.position = 0;
    this.seenTo = 0;
    this.size = 0;
    this.intactAt = now;
    this.heldAt = this.path;
    this.#head = NOTHING;
    this.#tail = NOTHING;
    this.#skipNuls = true;
    this.changedAt = now;
    this.stream = new FileStream({
      home: this.home,
      born: this.startedAt,
      key: this.key,
      origin: this.#origin,
      position: 0,
      skipped: 0,
      head: NOTHING,
      tail: NOTHING,
    });
  }

  /** Stores the position as delivered, where reading starts behind bytes that nobody wants. */
  savePosition(): void {
    this.stream.save(this.position, this.#tail);
  }

  /** Stores that nothing is left to read of it, as soon as everything is delivered. */
  giveUp(): void {
    this.stream.done = true;
    if (this.stream.committed === this.position) this.savePosition();
  }

  /**
   * A writer that does not append goes on at its old place after a truncation, and leaves a hole that reads as NUL
   * bytes in front of it. No log text begins with NUL, so the hole is passed over.
   */
  #skippedNuls(slot: Slot, read: number): boolean {
    let nuls = 0;
    while (nuls < read && slot.bytes[nuls] === 0) nuls++;
    this.#skipNuls = nuls === read;
    if (nuls === 0) return false;
    this.position += nuls;
    this.seenTo = this.position;
    this.size = Math.max(this.size, this.position);
    this.#tail = NOTHING;
    this.more = true;
    return true;
  }
}
