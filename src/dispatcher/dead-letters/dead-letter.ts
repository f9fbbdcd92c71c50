/**
 * A dead letter: a record that a sink refused for good, with all that is needed to find out why, and to send it again.
 * One is one line of JSON in a file of the sink (docs/dead-letters.md). Here are its keys, and the way to text and back.
 */
import { isUtf8 } from 'node:buffer';

export interface DeadLetter {
  /** ISO 8601, as all times. */
  readonly dead_lettered_at: string;
  readonly sink: string;
  /** A short stable word. */
  readonly reason: string;
  readonly message: string;
  /** How often the sink was given it. */
  readonly attempts: number;
  /**
   * Absent: the sink refused this record. Else it refused `refused` of the `of` records that were sent together and
   * did not say which, so that all of them are here, and most of them were delivered.
   */
  readonly uncertain?: { readonly refused: number; readonly of: number };
  readonly source: string;
  readonly source_type: string;
  /** What operators call the stream: a file's path, a container's name. */
  readonly stream: string;
  readonly path?: string;
  /** Position of its first byte in the stream. */
  readonly offset: number;
  readonly read_at: string;
  /** `log.record.uid` of its spans. */
  readonly uid: string;
  readonly labels?: Readonly<Record<string, string>>;
  /** Of its log trace: 32 digits; absent: it was not traced. */
  readonly trace_id?: string;
  /** What processors found in it: severity number of OpenTelemetry, nanoseconds since 1970, fields. */
  readonly severity?: number;
  readonly timestamp_ns?: string;
  readonly fields?: Readonly<Record<string, unknown>>;
  /** Bits of `RecordFlag` (kernel/slot.ts). */
  readonly flags?: number;
  /** The record's bytes without line terminator: as text where they are valid UTF-8, else in Base64. */
  readonly text?: string;
  readonly base64?: string;
}

/** The record's bytes as keys of a dead letter. */
export function bytesToKeys(bytes: Buffer): { text: string } | { base64: string } {
  return isUtf8(bytes) ? { text: bytes.toString() } : { base64: bytes.toString('base64') };
}

/** The record's bytes, exactly as they were. */
export function bytesOf({ text, base64 }: Pick<DeadLetter, 'text' | 'base64'>): Buffer {
  return base64 === undefined ? Buffer.from(text ?? '') : Buffer.from(base64, 'base64');
}

/** With its line feed. */
export function encodeDeadLetter(letter: DeadLetter): string {
  return `${JSON.stringify(letter)}\n`;
}

/** From a line without line feed; undefined when it is none. */
export function decodeDeadLetter(line: Buffer): DeadLetter | undefined {
  if (!isUtf8(line)) return undefined;
  try {
    const value: unknown = JSON.parse(line.toString());
    return isDeadLetter(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

const STRINGS = [
  'dead_lettered_at',
  'sink',
  'reason',
  'message',
  'source',
  'source_type',
  'stream',
  'read_at',
  'uid',
] as const;

/** What sending again relies on is checked; the rest is for people. */
function isDeadLetter(value: unknown): value is DeadLetter {
  if (typeof value !== 'object' || value === null) return false;
  const letter = value as Record<string, unknown>;
  return (
    STRINGS.every((key) => typeof letter[key] === 'string') &&
    Number.isSafeInteger(letter.offset) &&
    !Number.isNaN(Date.parse(letter.read_at as string)) &&
    (typeof letter.text === 'string') !== (typeof letter.base64 === 'string') &&
    isAbsentOr(letter.labels, isRecordOfStrings) &&
    isAbsentOr(letter.fields, isObject) &&
    isAbsentOr(letter.trace_id, (id) => typeof id === 'string' && /^[0-9a-f]{32}$/.test(id)) &&
    isAbsentOr(letter.timestamp_ns, (ns) => typeof ns === 'string' && /^\d{1,19}$/.test(ns)) &&
    isAbsentOr(letter.severity, isByte) &&
    isAbsentOr(letter.flags, isByte)
  );
}

function isAbsentOr(value: unknown, holds: (value: unknown) => boolean): boolean {
  return value === undefined || holds(value);
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isRecordOfStrings(value: unknown): boolean {
  return isObject(value) && Object.values(value).every((text) => typeof text === 'string');
}

function isByte(value: unknown): boolean {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) < 256;
}
