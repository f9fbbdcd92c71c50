/**
 * Reads the body of a request within limits: how large it may be, how much memory all bodies together take, how long it
 * may grow when it is decompressed. It does not look into it.
 */
import type { IncomingMessage } from 'node:http';
import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate, zstdDecompress } from 'node:zlib';
import { Refusal } from './refusal.ts';

type Decompress = (body: Buffer, options: { maxOutputLength: number }) => Promise<Buffer>;

const DECOMPRESS: Readonly<Record<string, Decompress>> = {
  gzip: promisify(gunzip) as Decompress,
  'x-gzip': promisify(gunzip) as Decompress,
  deflate: promisify(inflate) as Decompress,
  zstd: promisify(zstdDecompress) as Decompress,
  br: promisify(brotliDecompress) as Decompress,
};

/** Memory that all bodies share, in bytes. */
export class BodyMemory {
  readonly size: number;
  #used = 0;

  constructor(size: number) {
    this.size = size;
  }

  get used(): number {
    return this.#used;
  }

  /** Returns false, and takes nothing, when there is not so much. */
  take(bytes: number): boolean {
    if (this.#used + bytes > this.size) return false;
    this.#used += bytes;
    return true;
  }

  give(bytes: number): void {
    this.#used -= bytes;
  }
}

export interface BodyLimits {
  readonly memory: BodyMemory;
  /** Largest body, compressed or not. */
  readonly maxBytes: number;
  /** Aborted when the source stops. */
  readonly signal: AbortSignal;
}

/** What was received, and the memory it takes until `release`. */
export interface Body {
  readonly bytes: Buffer;
  release(): void;
}

/** Whether bodies with this `content-encoding` can be read. @throws {Refusal} 415 when not. */
export function checkEncoding(encoding: string | undefined): string {
  const name = (encoding ?? 'identity').trim().toLowerCase();
  if (name === 'identity' || Object.hasOwn(DECOMPRESS, name)) return name;
  throw new Refusal(415, 'Unknown content-encoding; send gzip, deflate, zstd, br or none.', {
    headers: { 'accept-encoding': 'gzip, deflate, zstd, br' },
  });
}

/** @throws {Refusal} 413 when it is declared larger than accepted, 429 when there is no memory for it now. */
export function checkLength(request: IncomingMessage, { maxBytes, memory }: BodyLimits): void {
  const declared = Number(request.headers['content-length'] ?? 0);
  if (declared > maxBytes) throw tooLarge(maxBytes);
  if (memory.used + declared > memory.size) throw noMemory();
}

/**
 * Resolves with the whole body, decompressed.
 * @throws {Refusal} 400, 413, 429 or, when the source stops, 503. Rejects with the request's error when it breaks off.
 */
export async function readBody(
  request: IncomingMessage,
  encoding: string,
  limits: BodyLimits,
): Promise<Body> {
  const received = await receive(request, limits);
  if (encoding === 'identity') return received;
  try {
    return await decompress(received.bytes, encoding, limits);
  } finally {
    received.release();
  }
}

function receive(request: IncomingMessage, limits: BodyLimits): Promise<Body> {
  const { memory, maxBytes, signal } = limits;
  return new Promise((resolve, reject) => {
    const pieces: Buffer[] = [];
    let size = 0;
    const release = () => {
      memory.give(size);
      size = 0;
    };
    const settle = (how: () => void) => {
      request.off('data', onData).off('end', onEnd).off('error', onError).off('close', onClose);
      signal.removeEventListener('abort', onAbort);
      how();
    };
    const fail = (error: unknown) =>
      settle(() => {
        release();
        reject(error);
      });
    const onData = (piece: Buffer) => {
      if (size + piece.length > maxBytes) fail(tooLarge(maxBytes));
      else if (!memory.take(piece.length)) fail(noMemory());
      else {
        size += piece.length;
        pieces.push(piece);
      }
    };
    const onEnd = () =>
      settle(() => resolve({ bytes: pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces), release }));
    const onError = (error: Error) => fail(error);
    const onClose = () => fail(new Error('the client closed the connection'));
    const onAbort = () => fail(stopping());
    signal.addEventListener('abort', onAbort, { once: true });
    request.on('data', onData).on('end', onEnd).on('error', onError).on('close', onClose);
    if (signal.aborted) onAbort();
  });
}

/** Bodies that are decompressed at once; each may grow to the limit, and Node has four threads for it. */
const MAX_DECOMPRESSING = 4;
let decompressing = 0;
const waiting: (() => void)[] = [];

async function decompress(bytes: Buffer, encoding: string, { memory, maxBytes }: BodyLimits): Promise<Body> {
  while (decompressing >= MAX_DECOMPRESSING) await new Promise<void>((resolve) => waiting.push(resolve));
  decompressing++;
  try {
    const plain = await DECOMPRESS[encoding]!(bytes, { maxOutputLength: maxBytes });
    if (!memory.take(plain.length)) throw noMemory();
    let held = plain.length;
    const release = () => {
      memory.give(held);
      held = 0;
    };
    return { bytes: plain, release };
  } catch (error) {
    if (error instanceof Refusal) throw error;
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(maxBytes);
    throw new Refusal(400, `The body is no ${encoding}; none of it was taken.`);
  } finally {
    decompressing--;
    waiting.shift()?.();
  }
}

export function stopping(): Refusal {
  return new Refusal(503, 'The agent is stopping; none of this request was taken. Send it again.', {
    retryAfter: 5,
  });
}

function tooLarge(maxBytes: number): Refusal {
  return new Refusal(
    413,
    `The body is larger than ${maxBytes} bytes (max_body_bytes); none of it was taken. Send fewer logs at once.`,
  );
}

function noMemory(): Refusal {
  return new Refusal(
    429,
    'Too many bodies are being received (body_memory); none of this one was taken. Send it again.',
    { retryAfter: 1 },
  );
}
