/**
 * Tells whether a file still holds what was read from it: checksums of its first bytes and of the last bytes before
 * a position. An inode alone does not tell, because file systems reuse them and writers truncate.
 */
import { crc32 } from 'node:zlib';

/** Most bytes a fingerprint covers. Less than a line would be too few: lines often end alike and have one length. */
export const FINGERPRINT_BYTES = 1024;

/** The checksum of a run of bytes whose place in the file is known; no bytes: nothing is known. */
export interface Fingerprint {
  readonly bytes: number;
  /** CRC-32 of zlib. */
  readonly crc: number;
}

export const NOTHING: Fingerprint = { bytes: 0, crc: 0 };

export function matches(fingerprint: Fingerprint, found: Buffer): boolean {
  return found.length === fingerprint.bytes && crc32(found) === fingerprint.crc;
}

/** Extends the fingerprint of a file's first bytes by those read from `from` on. */
export function extendHead(head: Fingerprint, from: number, read: Buffer): Fingerprint {
  if (head.bytes !== from || from >= FINGERPRINT_BYTES || read.length === 0) return head;
  const more = read.subarray(0, FINGERPRINT_BYTES - from);
  return { bytes: from + more.length, crc: crc32(more, head.crc) };
}

/** The fingerprint of the last bytes of `before` and `read` together, `before` being what precedes `read` in the file. */
export function tailOf(before: Buffer, read: Buffer): Fingerprint {
  if (read.length >= FINGERPRINT_BYTES) {
    return { bytes: FINGERPRINT_BYTES, crc: crc32(read.subarray(read.length - FINGERPRINT_BYTES)) };
  }
  const kept = before.subarray(Math.max(0, before.length - (FINGERPRINT_BYTES - read.length)));
  return { bytes: kept.length + read.length, crc: crc32(read, crc32(kept)) };
}
