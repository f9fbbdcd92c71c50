/** Tells whether a file holds what was read from another one: a copy, or the same file under another number. */
import { crc32 } from 'node:zlib';
import { readAt } from './file-handle.ts';
import { FINGERPRINT_BYTES, type Fingerprint, matches, NOTHING } from './fingerprint.ts';

/** What is known of the bytes of a file up to a position. */
export interface Content {
  readonly position: number;
  /** Of the first bytes of the file, and of those that end at the position. */
  readonly head: Fingerprint;
  readonly tail: Fingerprint;
}

/** Fewer bytes than these may be alike by chance: programs that start often write the same first line. */
export const TELLING_BYTES = FINGERPRINT_BYTES / 4;

/**
 * Whether an open file holds the content; not when it ends before the position, because then only its beginning would
 * speak for that. Undefined: nothing is known of the content. Rejects with errors of read(2).
 */
export async function holds(fd: number, { position, head, tail }: Content): Promise<boolean | undefined> {
  if (head.bytes + tail.bytes === 0) return undefined;
  if (!(await beginsWith(fd, head))) return false;
  const before = Buffer.allocUnsafe(tail.bytes);
  return (await readAt(fd, [before], position - before.length)) === before.length && matches(tail, before);
}

/** Whether the first `size` bytes of two open files are alike at their beginning and at their end. */
export async function isAlike(a: number, b: number, size: number): Promise<boolean> {
  const content = await contentUpTo(a, size);
  return (await holds(b, content)) === true;
}

/** Whether an open file begins so; true when nothing is known. Rejects with errors of read(2). */
export async function beginsWith(fd: number, head: Fingerprint): Promise<boolean> {
  if (head.bytes === 0) return true;
  const found = Buffer.allocUnsafe(head.bytes);
  return (await readAt(fd, [found], 0)) === found.length && matches(head, found);
}

/** The content of an open file up to a position; nothing is known when the file is shorter. Rejects with errors of read(2). */
export async function contentUpTo(fd: number, position: number): Promise<Content> {
  const bytes = Math.min(FINGERPRINT_BYTES, position);
  const head = Buffer.allocUnsafe(bytes);
  const tail = Buffer.allocUnsafe(bytes);
  const isThere =
    (await readAt(fd, [head], 0)) === bytes && (await readAt(fd, [tail], position - bytes)) === bytes;
  if (!isThere) return { position, head: NOTHING, tail: NOTHING };
  return { position, head: { bytes, crc: crc32(head) }, tail: { bytes, crc: crc32(tail) } };
}

/** Whether enough was read of the content that another file does not hold it by chance. */
export function isTelling({ tail }: Content): boolean {
  return tail.bytes >= TELLING_BYTES;
}
