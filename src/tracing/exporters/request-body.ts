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

/** Bytes to send, in order. */
export interface Body {
  readonly chunks: readonly Buffer[];
  readonly length: number;
}

/** Up to here one copy costs less than several writes to a socket. */
const MAX_COPIED_BYTES = 64 * 1024;
/** RFC 1952, 2.3: magic number, method deflate, no flags, no time, no extra flags, an unknown system. */
const GZIP_HEAD = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255]);
/** An empty stored block, the last one. */
const LAST_BLOCK = Buffer.from([1, 0, 0, 255, 255]);
const TRAILER_BYTES = 8;
/** RFC 1951, 3.2.4. */
const MAX_STORED = 65_535;
/** Less is not worth a trip to another thread. */
const MIN_COMPRESSED = 1024;

const compress = promisify(deflateRaw);

/** @param compression `auto` compresses what is compressed already. */
export async function bodyOf(message: Message, compression: Compression): Promise<Body> {
  if (compression !== 'none') return gzip(message, compression === 'gzip');
  const chunks = adjoining(message.parts.map((part) => (Buffer.isBuffer(part) ? part : plainSpans(part))));
  return joined(chunks, message.length);
}

async function gzip({ parts, length }: Message, compressesAll: boolean): Promise<Body> {
  const chunks: Buffer[] = [GZIP_HEAD];
  let checksum = 0;
  let waiting: Buffer[] = [];
  const flush = async () => {
    if (waiting.length === 0) return;
    const bytes = Buffer.concat(waiting);
    waiting = [];
    checksum = crc32(bytes, checksum);
    if (compressesAll && bytes.length >= MIN_COMPRESSED) {
      // At the fastest level: a denser one costs more than a span does.
      const options = { level: constants.Z_BEST_SPEED, finishFlush: constants.Z_SYNC_FLUSH };
      chunks.push(await compress(bytes, options));
    } else chunks.push(stored(bytes));
  };
  for (const part of parts) {
    if (Buffer.isBuffer(part)) waiting.push(part);
    else if (part.deflated === null) waiting.push(part.bytes);
    else {
      await flush();
      chunks.push(part.bytes);
      checksum = append(checksum, part.deflated.register, part.deflated.length);
    }
  }
  await flush();
  const trailer = Buffer.alloc(TRAILER_BYTES);
  trailer.writeUInt32LE(checksum, 0);
  trailer.writeUInt32LE(length % 2 ** 32, 4);
  chunks.push(LAST_BLOCK, trailer);
  return joined(
    chunks,
    chunks.reduce((sum, chunk) => sum + chunk.length, 0),
  );
}

/** As stored blocks. */
function stored(bytes: Buffer): Buffer {
  const blocks = Math.ceil(bytes.length / MAX_STORED);
  const out = Buffer.allocUnsafe(bytes.length + blocks * STORED_HEAD);
  for (let from = 0, at = 0; from < bytes.length; from += MAX_STORED) {
    const part = bytes.subarray(from, from + MAX_STORED);
    putStoredHead(out, at, part.length);
    at += STORED_HEAD;
    at += part.copy(out, at);
  }
  return out;
}

function joined(chunks: readonly Buffer[], length: number): Body {
  return { chunks: length <= MAX_COPIED_BYTES ? [Buffer.concat(chunks, length)] : chunks, length };
}

/** Bytes that lie behind one another in the ring become one chunk. */
function adjoining(chunks: readonly Buffer[]): Buffer[] {
  const merged: Buffer[] = [];
  for (const bytes of chunks) {
    const last = merged.at(-1);
    if (
      last !== undefined &&
      last.buffer === bytes.buffer &&
      last.byteOffset + last.length === bytes.byteOffset
    ) {
      merged[merged.length - 1] = Buffer.from(last.buffer, last.byteOffset, last.length + bytes.length);
    } else {
      merged.push(bytes);
    }
  }
  return merged;
}
