/** What the position store keeps of a file, by the key `dev:ino`. */
import type { Positions } from '../../component/source.ts';
import type { Content } from './content.ts';
import { FINGERPRINT_BYTES, type Fingerprint } from './fingerprint.ts';
import { isOfAge, type Sibling } from './siblings.ts';

export interface PositionEntry {
  /** Where the file was found, for those who read the store. */
  readonly path: string;
  /** Everything before it was delivered. */
  readonly offset: number;
  /** Of the file's first bytes, and of those that end at `offset`. */
  readonly head: Fingerprint;
  readonly tail: Fingerprint;
  /** When the file was last known to exist, in milliseconds since 1970. */
  readonly seen: number;
  /** When it came into being by the clock of its file system, in milliseconds since 1970; absent in entries of early versions. */
  readonly born?: number;
  /** Bytes at its beginning that were never read, because the source starts at the end of files; absent: 0. */
  readonly skipped?: number;
  /** It was given up, so that it is not searched for when its path leads elsewhere. */
  readonly done?: boolean;
}

/** The entry, or undefined when the value is none: stored text may have been damaged or written by another version. */
export function readPositionEntry(value: unknown): PositionEntry | undefined {
  const entry = value as Partial<PositionEntry> | null | undefined;
  if (typeof entry !== 'object' || entry === null) return undefined;
  const { path, offset, head, tail, seen, born, skipped, done } = entry;
  if (typeof path !== 'string' || typeof seen !== 'number') return undefined;
  if (!isCount(offset, Number.MAX_SAFE_INTEGER) || !isFingerprint(head) || !isFingerprint(tail))
    return undefined;
  if (tail.bytes > offset) return undefined;
  return {
    path,
    offset,
    head,
    tail,
    seen,
    ...(typeof born === 'number' && { born }),
    ...(isCount(skipped, offset) && skipped > 0 && { skipped }),
    ...(done === true && { done }),
  };
}

/**
 * The stored entry of a file. Undefined when there is none, and when it is that of an older file whose inode this one
 * has got, as far as the file system tells when files came into being.
 */
export function entryOf(
  positions: Pick<Positions, 'get'>,
  { key, stats }: Sibling,
): PositionEntry | undefined {
  const entry = readPositionEntry(positions.get(key));
  return entry !== undefined && isOfAge(stats, entry.born) ? entry : undefined;
}

/** Stored positions by the path of their file. */
export type Stored = ReadonlyMap<string, readonly (readonly [key: string, entry: PositionEntry])[]>;

/** What the entry says was read. */
export function contentOf({ offset, head, tail, skipped }: PositionEntry): Content & { skipped?: number } {
  return { position: offset, head, tail, ...(skipped !== undefined && { skipped }) };
}

function isFingerprint(value: unknown): value is Fingerprint {
  const fingerprint = value as Partial<Fingerprint> | null | undefined;
  if (typeof fingerprint !== 'object' || fingerprint === null) return false;
  return isCount(fingerprint.bytes, FINGERPRINT_BYTES) && isCount(fingerprint.crc, 0xffff_ffff);
}

function isCount(value: unknown, max: number): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) <= max;
}
