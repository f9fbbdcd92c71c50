/**
 * Reads frames of a file one after the other, and finds the next intact one behind damage. Reads only; decides nothing.
 * Used when a buffer is opened and when it is read back.
 */
import type { FileHandle } from 'node:fs/promises';
import { type FrameHeader, HEADER_BYTES, isIntact, MAGIC_BYTES, readHeader } from './format.ts';

export type Scanned =
  /** `payload` is valid until the next call. */
  | { readonly kind: 'frame'; readonly header: FrameHeader; readonly payload: Buffer; readonly next: number }
  /** Bytes that are no intact frame, up to `next`. `records`: how many they held, where that can still be told. */
  | { readonly kind: 'damage'; readonly next: number; readonly records: number | null }
  /** The file ends before `next`, although it was longer: it was truncated by somebody else. */
  | { readonly kind: 'truncated'; readonly next: number }
  /** A frame of which the end was never written. */
  | { readonly kind: 'torn' }
  | { readonly kind: 'end' };

/** How much is looked through at once for the next frame, in bytes. */
const WINDOW_BYTES = 2 ** 18;

export class FrameScanner {
  readonly #file: FileHandle;
  readonly #nonce: number;
  readonly #header = Buffer.alloc(HEADER_BYTES);
  #payload = Buffer.allocUnsafe(2 ** 16);

  constructor(file: FileHandle, nonce: number) {
    this.#file = file;
    this.#nonce = nonce;
  }

  /** What lies at `at` of a file that is `size` bytes long. Rejects when it cannot be read. */
  async at(at: number, size: number): Promise<Scanned> {
    if (at >= size) return { kind: 'end' };
    if (size - at < HEADER_BYTES) return { kind: 'torn' };
    const truncated = { kind: 'truncated', next: size } as const;
    if (!(await this.#read(this.#header, at))) return truncated;
    const header = readHeader(this.#header, this.#nonce);
    if (header === undefined) return this.#skipTo(at + 1, size);
    const end = at + HEADER_BYTES + header.length;
    if (end > size) return { kind: 'torn' };
    const payload = this.#room(header.length);
    if (!(await this.#read(payload, at + HEADER_BYTES))) return truncated;
    return isIntact(payload, header, this.#nonce)
      ? { kind: 'frame', header, payload, next: end }
      : { kind: 'damage', next: end, records: header.records };
  }

  /** Damage up to the next header, which may be that of an intact frame. */
  async #skipTo(from: number, size: number): Promise<Scanned> {
    const window = Buffer.allocUnsafe(WINDOW_BYTES);
    for (let at = from; at + HEADER_BYTES <= size; at += WINDOW_BYTES - HEADER_BYTES) {
      const length = Math.min(WINDOW_BYTES, size - at);
      const bytes = window.subarray(0, length);
      if (!(await this.#read(bytes, at))) return { kind: 'truncated', next: size };
      for (
        let found = bytes.indexOf(MAGIC_BYTES);
        found !== -1;
        found = bytes.indexOf(MAGIC_BYTES, found + 1)
      ) {
        if (readHeader(bytes.subarray(found), this.#nonce) !== undefined) {
          return { kind: 'damage', next: at + found, records: null };
        }
      }
    }
    return { kind: 'damage', next: size, records: null };
  }

  /** False when the file ends before. */
  async #read(into: Buffer, at: number): Promise<boolean> {
    for (let done = 0; done < into.length; ) {
      const { bytesRead } = await this.#file.read(into, done, into.length - done, at + done);
      if (bytesRead === 0) return false;
      done += bytesRead;
    }
    return true;
  }

  #room(size: number): Buffer {
    if (this.#payload.length < size) this.#payload = Buffer.allocUnsafe(Math.ceil(size * 1.25));
    return this.#payload.subarray(0, size);
  }
}
