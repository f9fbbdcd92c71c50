/**
 * Finds the elements of a JSON array without parsing them, so that they keep their text: numbers their digits, keys their
 * order. Whether an element is valid JSON is for the caller to find out; here only strings and brackets count.
 */

/** Where an element lies in the body. */
export interface Element {
  readonly start: number;
  readonly end: number;
}

/** The body is no JSON array or object. */
export class JsonFault extends Error {
  override readonly name = 'JsonFault';
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/** The elements of an array; a single object is taken for an array of one. @throws {JsonFault} saying where. */
export function elementsOf(body: Buffer): Element[] {
  let at = afterSpace(body, 0);
  if (body[at] === OPEN_OBJECT) {
    const end = endOfValue(body, at);
    expectEnd(body, end);
    return [{ start: at, end }];
  }
  if (body[at] !== OPEN_ARRAY) throw fault(body, at, 'expected an array of strings and objects');
  const elements: Element[] = [];
  at = afterSpace(body, at + 1);
  if (body[at] === CLOSE_ARRAY) {
    expectEnd(body, at + 1);
    return elements;
  }
  for (;;) {
    const end = endOfValue(body, at);
    elements.push({ start: at, end });
    at = afterSpace(body, end);
    if (body[at] === CLOSE_ARRAY) break;
    if (body[at] !== COMMA) throw fault(body, at, 'expected "," or "]"');
    at = afterSpace(body, at + 1);
  }
  expectEnd(body, at + 1);
  return elements;
}

/** RFC 8259, section 2: space, tab, line feed, carriage return. */
function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

function afterSpace(body: Buffer, from: number): number {
  let at = from;
  while (isSpace(body[at])) at++;
  return at;
}

function endOfValue(body: Buffer, start: number): number {
  const first = body[start];
  if (first === QUOTE) return endOfString(body, start);
  if (first === OPEN_OBJECT || first === OPEN_ARRAY) return endOfBrackets(body, start);
  let at = start;
  while (at < body.length && body[at] !== COMMA && body[at] !== CLOSE_ARRAY && !isSpace(body[at])) at++;
  if (at === start) throw fault(body, at, 'expected a string or an object');
  return at;
}

function endOfBrackets(body: Buffer, start: number): number {
  let depth = 0;
  for (let at = start; at < body.length; at++) {
    const byte = body[at];
    if (byte === QUOTE) at = endOfString(body, at) - 1;
    else if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) depth++;
    else if ((byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) && --depth === 0) return at + 1;
  }
  throw fault(body, body.length, 'the body ends inside an object or array');
}

function endOfString(body: Buffer, start: number): number {
  for (let quote = body.indexOf(QUOTE, start + 1); quote !== -1; quote = body.indexOf(QUOTE, quote + 1)) {
    let backslashes = 0;
    while (body[quote - 1 - backslashes] === BACKSLASH) backslashes++;
    if (backslashes % 2 === 0) return quote + 1;
  }
  throw fault(body, body.length, 'the body ends inside a string');
}

function expectEnd(body: Buffer, from: number): void {
  const at = afterSpace(body, from);
  if (at < body.length) throw fault(body, at, 'expected nothing more');
}

/** Names the byte, never what stands there: it may be a log's text. */
function fault(body: Buffer, at: number, expected: string): JsonFault {
  const place = at < body.length ? `at byte ${at}` : 'at the end of the body';
  return new JsonFault(`${expected} ${place}`);
}
