/**
 * Makes records of a body: lines of text, lines of JSON, elements of a JSON array. A bad line costs no other: it is
 * rejected and named. Knows nothing of HTTP.
 */

import { type Element, elementsOf } from './json-array.ts';
import type { Format } from './media-type.ts';
import type { RecordWriter } from './record-writer.ts';

/** Most rejected lines that an answer names. */
const MAX_ERRORS = 100;

/** A line (from 1), or an element of an array (from 1), that was not taken. */
export interface Rejected {
  readonly line: number;
  readonly error: string;
}

export interface Ingested {
  rejected: number;
  /** The first of them. */
  readonly errors: Rejected[];
  /** When the writer had no room: lines or elements dealt with as a whole, rejected ones included. */
  done: number;
}

export interface IngestOptions {
  readonly format: Format;
  /** Whether lines of NDJSON must be JSON. */
  readonly validate: boolean;
  readonly writer: RecordWriter;
  /** Filled in as it goes, so that it tells the truth also when the writer throws. */
  readonly result: Ingested;
}

const LF = 0x0a;
const CR = 0x0d;
const QUOTE = 0x22;
const OPEN_OBJECT = 0x7b;

/** @throws {JsonFault} for a body of `json` that is none, before anything is taken; NoRoom when only a part was taken. */
export async function ingest(body: Buffer, options: IngestOptions): Promise<void> {
  const { format, validate, writer, result } = options;
  if (format === 'json') await each(body, elementsOf(body), recordOfElement, options);
  else if (format === 'ndjson' && (validate || hasBlankLine(body))) {
    await each(body, linesOf(body), validate ? recordOfLine : rawLine, options);
  } else {
    try {
      await writer.text(body);
    } catch (error) {
      // Records are no measure: a long line makes several. One of which a part was taken is to be sent again.
      result.done = linesIn(body.subarray(0, writer.textTaken));
      throw error;
    }
  }
}

function linesIn(text: Buffer): number {
  let lines = 0;
  for (let lf = text.indexOf(LF); lf !== -1; lf = text.indexOf(LF, lf + 1)) lines++;
  return lines;
}

type ToRecord = (body: Buffer, element: Element) => Uint8Array | string | null;

/** Puts the record of every element; `toRecord` answers null for one to skip and a text for why it is rejected. */
async function each(
  body: Buffer,
  elements: Iterable<Element>,
  toRecord: ToRecord,
  { writer, result }: IngestOptions,
): Promise<void> {
  const maxRecordBytes = await writer.makeRoom();
  let line = 0;
  for (const element of elements) {
    line++;
    let record = toRecord(body, element);
    if (record !== null && typeof record !== 'string' && record.length > maxRecordBytes) {
      record = `longer than ${maxRecordBytes} bytes (max_line_bytes)`;
    }
    if (typeof record === 'string') {
      result.rejected++;
      if (result.errors.length < MAX_ERRORS) result.errors.push({ line, error: record });
    } else if (record !== null) {
      if (!writer.hasRoom(record.length)) await writer.makeRoom();
      writer.put(record);
    }
    result.done = line;
  }
  writer.flush();
}

/** A string stands for its text, an object for its JSON on one line. */
function recordOfElement(body: Buffer, { start, end }: Element): Uint8Array | string {
  const first = body[start];
  if (first !== QUOTE && first !== OPEN_OBJECT) return 'expected a string or an object';
  const bytes = body.subarray(start, end);
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString());
  } catch {
    return 'not valid JSON';
  }
  if (typeof value === 'string') return Buffer.from(value);
  return bytes.includes(LF) || bytes.includes(CR) ? onOneLine(bytes) : bytes;
}

/** Line breaks in valid JSON are white space: inside strings they are escaped (RFC 8259, section 7). */
function onOneLine(bytes: Buffer): Buffer {
  return Buffer.from(bytes.toString('latin1').replaceAll(/[ \t]*[\r\n]+[ \t]*/g, ' '), 'latin1');
}

function recordOfLine(body: Buffer, element: Element): Uint8Array | string | null {
  const bytes = rawLine(body, element);
  if (bytes === null) return null;
  try {
    JSON.parse(bytes.toString());
  } catch {
    return 'not valid JSON';
  }
  return bytes;
}

/** The line without its terminator; null when there is nothing but white space in it. */
function rawLine(body: Buffer, { start, end }: Element): Buffer | null {
  const stop = body[end - 1] === CR ? end - 1 : end;
  for (let at = start; at < stop; at++) {
    if (body[at] !== 0x20 && body[at] !== 0x09) return body.subarray(start, stop);
  }
  return null;
}

function* linesOf(body: Buffer): Iterable<Element> {
  for (let start = 0; start < body.length; ) {
    const lf = body.indexOf(LF, start);
    const end = lf === -1 ? body.length : lf;
    yield { start, end };
    start = end + 1;
  }
}

function hasBlankLine(body: Buffer): boolean {
  return (
    body[0] === LF ||
    (body[0] === CR && body[1] === LF) ||
    body.includes('\n\n', 0, 'latin1') ||
    body.includes('\n\r\n', 0, 'latin1')
  );
}
