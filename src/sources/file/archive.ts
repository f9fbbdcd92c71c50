/**
 * One file that rotation has compressed with gzip: its lines, from a place in what it decompresses to. Streams, so that
 * its size does not matter. It does not decide whether there is anything new in it; `Archives` does.
 */
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import type { Slot } from '../../kernel/slot.ts';
import type { Content } from './content.ts';
import type { FileStream } from './file-stream.ts';
import { extendHead, FINGERPRINT_BYTES, matches, NOTHING, tailOf } from './fingerprint.ts';
import { systemPath } from './names.ts';
import type { Queued } from './read-queue.ts';
import type { Sibling } from './siblings.ts';
import type { Reading, ReadOptions } from './tailed-file.ts';

const EMPTY = Buffer.alloc(0);
/** What gunzip hands over at a time, in bytes. */
const BLOCK_BYTES = 256 * 1024;

/** What a gzip file decompresses to, block by block. Rejects when it is damaged or cut off. */
export async function* decompress(path: string): AsyncGenerator<Buffer, void, undefined> {
  const gunzip = createGunzip({ chunkSize: BLOCK_BYTES });
  // The error is thrown by the iterator.
  pipeline(createReadStream(systemPath(path), { highWaterMark: BLOCK_BYTES }), gunzip, () => {});
  for await (const block of gunzip) yield block as Buffer;
}

/** The first bytes of what a gzip file decompresses to. Rejects when they are damaged. */
export async function firstBytes(path: string): Promise<Buffer> {
  let start: Buffer = EMPTY;
  for await (const block of decompress(path)) {
    start = Buffer.concat([start, block]);
    if (start.length >= FINGERPRINT_BYTES) break;
  }
  return start.subarray(0, FINGERPRINT_BYTES);
}

/** What the archive may hold: what was read of a file before that was compressed. */
export interface Candidate {
  readonly content: Content;
  /** Of a file that is still being read. */
  readonly stream?: FileStream;
}

export class Archive implements Queued {
  readonly home: string;
  readonly sibling: Sibling;
  queued = false;
  predecessor: Queued | undefined;
  /** Set when reading begins. */
  stream: FileStream | undefined;
  /** Where the next record begins, counted in decompressed bytes. */
  position = 0;
  /** The longest candidate that it holds, as far as it was compared. */
  matched: Candidate | undefined;
  records = 0;
  /** To be compared, the shortest first. */
  readonly #candidates: Candidate[];
  #head = NOTHING;
  #blocks: AsyncGenerator<Buffer, void, undefined> | undefined;
  #before: Buffer = EMPTY;
  /** Decompressed up to here. */
  #at = 0;
  /** Decompressed and not taken: from `position` on. */
  #rest: Buffer = EMPTY;
  #atEnd = false;

  constructor(options: { home: string; sibling: Sibling; candidates: readonly Candidate[] }) {
    this.home = options.home;
    this.sibling = options.sibling;
    this.#candidates = options.candidates.toSorted((a, b) => a.content.position - b.content.position);
  }

  get path(): string {
    return this.sibling.path;
  }

  /** Compares about so many more bytes with the candidates. True when that is done. Rejects when it is damaged. */
  async compare(bytes: number): Promise<boolean> {
    for (const until = this.#at + bytes; this.#candidates.length > 0 && this.#at < until; ) {
      const block = await this.#next();
      if (block === undefined) break;
      const known = Buffer.concat([this.#before, block]);
      const start = this.#at - this.#before.length;
      this.#at += block.length;
      while (this.#candidates.length > 0 && this.#candidates[0]!.content.position <= this.#at) {
        const candidate = this.#candidates.shift()!;
        const { position, tail } = candidate.content;
        const end = position - start;
        if (matches(tail, known.subarray(end - tail.bytes, end))) this.matched = candidate;
      }
      this.#before = known.subarray(-FINGERPRINT_BYTES);
    }
    if (this.#atEnd) this.#candidates.length = 0;
    return this.#candidates.length === 0;
  }

  /** Reads are to begin behind the content, as the stream. */
  async begin(stream: FileStream, { position, head }: Content): Promise<void> {
    await this.close();
    this.stream = stream;
    this.position = position;
    this.#head = head;
  }

  /** Reads the next records. Rejects when it is damaged. */
  async read(slot: Slot, { kernel, clock, maxLineBytes }: ReadOptions): Promise<Reading> {
    await this.#fill(slot.capacity);
    const length = Math.min(this.#rest.length, slot.capacity);
    slot.bytes.set(this.#rest.subarray(0, length));
    const readAt = clock.now();
    const { count, consumed, splits } = kernel.scanLines(slot, {
      from: 0,
      length,
      firstRecord: 0,
      maxRecordBytes: Math.min(maxLineBytes, slot.capacity >>> 1),
      final: this.#atEnd && length === this.#rest.length,
    });
    if (count === 0) return { kind: 'none' };
    const from = this.position;
    const taken = this.#rest.subarray(0, consumed);
    const stream = this.stream!;
    this.records += count;
    this.position = from + consumed;
    this.#rest = this.#rest.subarray(consumed);
    this.#head = extendHead(this.#head, from, taken);
    stream.mark(this.position, tailOf(EMPTY, taken), this.#head);
    const { position } = this;
    return { kind: 'lines', splits, chunk: { slot, stream, bytes: consumed, count, readAt, from, position } };
  }

  /** Everything in it was read. */
  get isRead(): boolean {
    return this.#atEnd && this.#rest.length === 0;
  }

  async close(): Promise<void> {
    await this.#blocks?.return().catch(() => {});
    this.#blocks = undefined;
    this.#rest = EMPTY;
    this.#before = EMPTY;
    this.#at = 0;
    this.#atEnd = false;
  }

  /** Fills what waits to be taken up to so many bytes, passing over what lies before the position. */
  async #fill(bytes: number): Promise<void> {
    const blocks = [this.#rest];
    let size = this.#rest.length;
    while (size < bytes) {
      const block = await this.#next();
      if (block === undefined) break;
      const fresh = block.subarray(Math.max(0, this.position - this.#at));
      this.#at += block.length;
      blocks.push(fresh);
      size += fresh.length;
    }
    if (blocks.length > 1) this.#rest = Buffer.concat(blocks);
  }

  async #next(): Promise<Buffer | undefined> {
    if (this.#atEnd) return undefined;
    this.#blocks ??= decompress(this.path);
    const { value: block, done } = await this.#blocks.next();
    if (done !== true) return block;
    this.#atEnd = true;
    return undefined;
  }
}
