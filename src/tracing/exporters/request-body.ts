/**
 * The body of a request: a message as it is, or as gzip (RFC 1952). Spans that are compressed already go into the gzip
 * body as they are stored, and their part of its CRC is known; the rest is stored in it, or compressed off the main
 * thread where the user asked for gzip. Used by the OTLP transports.
 */
import { promisify } from 'node:util';
import { constants, crc32, deflateRaw } from 'node:zlib';
import { append } from '../../kernel/crc32.ts';
import type { Compression } from '../settings/settings-exporters.ts';
import { plainSpans, putStoredHead, STORED_HEAD } from '../spans/span-run.ts';
import type { Message } from './otlp-request.ts';

/** RFC 1952, 2.3: magic number, method deflate, no flags, no time, no extra flags, an unknown system. */
const GZIP_HEAD = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255]);
/** An empty stored block, the last one. */
const LAST_BLOCK = Buffer.from([1, 0, 0, 255, 255]);
const TRAILER_BYTES = 8;
/** RFC 1951, 3.2.4. */
const MAX_STORED = 65_535;
/** Less is not worth a trip to another thread. */
const MIN_COMPRESSED = 1024;
/** Buffers are this much larger than what they were made for, so that the next body fits as well. */
const HEADROOM = 1.25;

const compress = promisify(deflateRaw);

/** Bytes to send, and what they are. */
export interface Body {
  readonly bytes: Buffer;
  readonly encoding: 'gzip' | 'identity';
}

/** Makes bodies in memory that is used again: large buffers are costly to make, and one piece is sent at once. */
export class RequestBodies {
  readonly #compression: Compression;
  readonly #most: number;
  readonly #free: Buffer[] = [];
  /** Of every buffer made from now on: the largest body was not larger. */
  #size = 0;

  /**
   * @param compression `auto`: gzip where spans are compressed already.
   * @param most how many buffers are kept for bodies to come.
   */
  constructor(compression: Compression, most: number) {
    this.#compression = compression;
    this.#most = most;
  }

  /** The bytes are the caller's; who gives them back must not read them any more. */
  async make(message: Message): Promise<Body> {
    const isDeflated = message.parts.some((part) => !Buffer.isBuffer(part) && part.deflated !== null);
    if (this.#compression === 'gzip' || (this.#compression === 'auto' && isDeflated)) {
      return { bytes: await this.#gzip(message), encoding: 'gzip' };
    }
    const out = this.#take(message.length);
    let end = 0;
    for (const part of message.parts) end += (Buffer.isBuffer(part) ? part : plainSpans(part)).copy(out, end);
    return { bytes: out.subarray(0, end), encoding: 'identity' };
  }

  /**
   * For a body that the server said it has taken. A server that says so before it has read it all may get bytes of the
   * next one for the rest.
   */
  give({ bytes }: Body): void {
    if (this.#free.length < this.#most) this.#free.push(Buffer.from(bytes.buffer));
  }

  #take(bytes: number): Buffer {
    const free = this.#free.pop();
    if (free !== undefined && free.length >= bytes) return free;
    if (bytes > this.#size) this.#size = Math.ceil(bytes * HEADROOM);
    // Not from the pool of small buffers, which others have parts of.
    return Buffer.from(new ArrayBuffer(this.#size));
  }

  async #gzip(message: Message): Promise<Buffer> {
    const sections = sectionsOf(message);
    let bound = GZIP_HEAD.length + LAST_BLOCK.length + TRAILER_BYTES;
    for (const section of sections) {
      if (this.#compression === 'gzip' && section.kind === 'plain' && section.length >= MIN_COMPRESSED) {
        // At the fastest level: a denser one costs more than a span does.
        const options = { level: constants.Z_BEST_SPEED, finishFlush: constants.Z_SYNC_FLUSH };
        section.compressed = await compress(Buffer.concat(section.parts), options);
      }
      bound += section.compressed?.length ?? storedLength(section);
    }
    const out = this.#take(bound);
    let end = GZIP_HEAD.copy(out);
    let checksum = 0;
    for (const section of sections) {
      if (section.kind === 'deflated') {
        end += section.bytes.copy(out, end);
        checksum = append(checksum, section.register, section.length);
      } else {
        for (const part of section.parts) checksum = crc32(part, checksum);
        end = section.compressed
          ? end + section.compressed.copy(out, end)
          : putStored(out, end, section.parts);
      }
    }
    end += LAST_BLOCK.copy(out, end);
    end = out.writeUInt32LE(checksum, end);
    end = out.writeUInt32LE(message.length % 2 ** 32, end);
    return out.subarray(0, end);
  }
}

/** Parts of a message that follow one another and are of one kind. `length`: bytes when they are not compressed. */
type Section = { compressed?: Buffer } & (
  | { readonly kind: 'plain'; readonly parts: Buffer[]; length: number }
  | { readonly kind: 'deflated'; readonly bytes: Buffer; readonly register: number; readonly length: number }
);

function sectionsOf({ parts }: Message): Section[] {
  const sections: Section[] = [];
  for (const part of parts) {
    if (!Buffer.isBuffer(part) && part.deflated !== null) {
      sections.push({ kind: 'deflated', bytes: part.bytes, ...part.deflated });
      continue;
    }
    const bytes = Buffer.isBuffer(part) ? part : part.bytes;
    const last = sections.at(-1);
    if (last?.kind === 'plain') {
      last.parts.push(bytes);
      last.length += bytes.length;
    } else sections.push({ kind: 'plain', parts: [bytes], length: bytes.length });
  }
  return sections;
}

/** Bytes of a section as it goes into the body, at most. */
function storedLength(section: Section): number {
  if (section.kind === 'deflated') return section.bytes.length;
  return section.length + STORED_HEAD * (section.parts.length + Math.ceil(section.length / MAX_STORED));
}

/** Stored blocks: one for all parts where they fit. Returns the end. */
function putStored(out: Buffer, from: number, parts: readonly Buffer[]): number {
  let headAt = from;
  let end = from + STORED_HEAD;
  const close = () => putStoredHead(out, headAt, end - headAt - STORED_HEAD);
  for (const part of parts) {
    for (let done = 0; done < part.length; ) {
      const room = MAX_STORED - (end - headAt - STORED_HEAD);
      if (room === 0) {
        close();
        headAt = end;
        end += STORED_HEAD;
        continue;
      }
      const copied = part.copy(out, end, done, Math.min(part.length, done + room));
      done += copied;
      end += copied;
    }
  }
  close();
  return end;
}
