import { bytesOf, nibblesOf } from './hex';

/** W3C trace contexts in JSON text. Called through `Kernel.extractContexts`, which documents the rules. */

const QUOTE: u8 = 0x22;
const HYPHEN: u8 = 0x2d;
const COLON: u8 = 0x3a;

/** Names in memory order: eight letters, and four more with the closing quote. */
const NAME_TRACE_ID: u64 = 0x64695f6563617274;
const NAME_SPAN_ID_QUOTE: u64 = 0x2264695f6e617073;
const NAME_TRACEPAR: u64 = 0x7261706563617274;
const NAME_ENT_QUOTE: u32 = 0x22746e65;
const NAME_TRACE_FL: u64 = 0x6c665f6563617274;
const NAME_AGS_QUOTE: u32 = 0x22736761;

/** A traceparent (W3C Trace Context, section 3.2): `00-`, 32 digits, `-`, 16 digits, `-`, 2 digits. */
const VERSION: u32 = 0x002d3030;
const PARENT_TRACE_ID: usize = 3;
const PARENT_SPAN_ID: usize = 36;
const PARENT_FLAGS: usize = 53;
const PARENT_LENGTH: usize = 55;

/** Offsets of `ContextRow`, and `ContextFlag.unknown`. */
const ROW_SHIFT: u32 = 5;
const ROW_SPAN_ID: usize = 16;
const ROW_FLAGS: usize = 24;
const ROW_PRESENT: usize = 25;
const FLAGS_UNKNOWN: u8 = 0x80;

/** What a record was found to have. */
const HAS_TRACE_ID: u32 = 1;
const HAS_SPAN_ID: u32 = 2;
const HAS_FLAGS: u32 = 4;
const HAS_PARENT: u32 = 8;
const HAS_IDS: u32 = HAS_TRACE_ID | HAS_SPAN_ID;

/**
 * Which of the 16 bytes at `at` are an `a` that may be the third letter of a name, as in all of ours. Looks back from it,
 * so as not to read behind the slack.
 */
function thirdLetters(at: usize): v128 {
  return v128.and(
    i8x16.eq(v128.load(at - 3), i8x16.splat(QUOTE)),
    i8x16.eq(v128.load(at), i8x16.splat(0x61)),
  );
}

function isSpace(byte: u8): bool {
  return byte == 0x20 || (byte >= 9 && byte <= 13 && byte != 11 && byte != 12);
}

function skipSpace(at: usize, end: usize): usize {
  while (at < end && isSpace(load<u8>(at))) at++;
  return at;
}

/** Where the value begins of the name that ends at `at`; `end`: there is none. */
function valueOf(at: usize, end: usize): usize {
  at = skipSpace(at, end);
  return at < end && load<u8>(at) == COLON ? skipSpace(at + 1, end) : end;
}

/** Whether a string of `length` bytes begins at `at`. */
function isString(at: usize, length: usize, end: usize): bool {
  return at + length + 2 <= end && load<u8>(at) == QUOTE && load<u8>(at + length + 1) == QUOTE;
}

/** Writes the id in the 32 digits at `at`; returns whether they are one. */
function readTraceId(at: usize, to: usize): bool {
  const high = nibblesOf(at);
  const low = nibblesOf(at + 16);
  const id = bytesOf(high, low);
  if (i8x16.bitmask(v128.or(high, low)) != 0 || !v128.any_true(id)) return false;
  v128.store(to, id);
  return true;
}

/** The same with the 16 digits of a span id. */
function readSpanId(at: usize, to: usize): bool {
  const nibbles = nibblesOf(at);
  const id = i64x2.extract_lane(bytesOf(nibbles, nibbles), 0);
  if (i8x16.bitmask(nibbles) != 0 || id == 0) return false;
  store<u64>(to, id);
  return true;
}

/** The byte in the two digits at `at`; -1: they are none. */
function readByte(at: usize): i32 {
  const nibbles = nibblesOf(at);
  if ((i8x16.bitmask(nibbles) & 3) != 0) return -1;
  return (i8x16.extract_lane_u(nibbles, 0) << 4) | i8x16.extract_lane_u(nibbles, 1);
}

/** The byte in the decimal number at `at`, which something must end; -1: there is none. */
function readNumber(at: usize, end: usize): i32 {
  let value: i32 = 0;
  const begin = at;
  while (at < end && <u32>load<u8>(at) - 0x30 < 10 && value < 256) value = value * 10 + load<u8>(at++) - 0x30;
  if (at == begin || value > 255) return -1;
  if (at == end) return value;
  const next = load<u8>(at);
  return next == 0x2c || next == 0x7d || isSpace(next) ? value : -1;
}

function readParent(at: usize, end: usize, context: usize): bool {
  if (!isString(at, PARENT_LENGTH, end)) return false;
  at++;
  if ((load<u32>(at) & 0xffffff) != VERSION) return false;
  if (load<u8>(at + PARENT_SPAN_ID - 1) != HYPHEN || load<u8>(at + PARENT_FLAGS - 1) != HYPHEN) return false;
  const flags = readByte(at + PARENT_FLAGS);
  if (flags < 0) return false;
  // Both are known to be good before one is written: a bad traceparent leaves what was found before it.
  const span = nibblesOf(at + PARENT_SPAN_ID);
  const spanId = i64x2.extract_lane(bytesOf(span, span), 0);
  if (i8x16.bitmask(span) != 0 || spanId == 0) return false;
  if (!readTraceId(at + PARENT_TRACE_ID, context)) return false;
  store<u64>(context, spanId, ROW_SPAN_ID);
  store<u8>(context, <u8>flags & ~FLAGS_UNKNOWN, ROW_FLAGS);
  return true;
}

/** Reads the value of the name whose opening quote is at `at`, if it is one of ours; returns what is found by now. */
function readField(at: usize, end: usize, context: usize, found: u32): u32 {
  const name = load<u64>(at, 1);
  if (name == NAME_TRACE_ID && load<u8>(at, 9) == QUOTE) {
    const value = valueOf(at + 10, end);
    const isNew = (found & HAS_TRACE_ID) == 0 && isString(value, 32, end);
    if (isNew && readTraceId(value + 1, context)) found |= HAS_TRACE_ID;
  } else if (name == NAME_SPAN_ID_QUOTE) {
    const value = valueOf(at + 9, end);
    const isNew = (found & HAS_SPAN_ID) == 0 && isString(value, 16, end);
    if (isNew && readSpanId(value + 1, context + ROW_SPAN_ID)) found |= HAS_SPAN_ID;
  } else if (name == NAME_TRACE_FL && load<u32>(at, 9) == NAME_AGS_QUOTE) {
    if ((found & HAS_FLAGS) != 0) return found;
    const value = valueOf(at + 13, end);
    const flags = isString(value, 2, end) ? readByte(value + 1) : readNumber(value, end);
    if (flags >= 0) {
      store<u8>(context, <u8>flags & ~FLAGS_UNKNOWN, ROW_FLAGS);
      found |= HAS_FLAGS;
    }
  } else if (name == NAME_TRACEPAR && load<u32>(at, 9) == NAME_ENT_QUOTE) {
    if (readParent(valueOf(at + 13, end), end, context)) found |= HAS_PARENT;
  }
  return found;
}

function extract(from: usize, end: usize, context: usize): bool {
  let found: u32 = 0;
  for (let block = from; block < end; block += 64) {
    const a = thirdLetters(block);
    const b = thirdLetters(block + 16);
    const c = thirdLetters(block + 32);
    const d = thirdLetters(block + 48);
    if (!v128.any_true(v128.or(v128.or(a, b), v128.or(c, d)))) continue;
    let letters =
      <u64>(<u32>i8x16.bitmask(a)) |
      ((<u64>(<u32>i8x16.bitmask(b))) << 16) |
      ((<u64>(<u32>i8x16.bitmask(c))) << 32) |
      ((<u64>(<u32>i8x16.bitmask(d))) << 48);
    while (letters != 0) {
      const at = block + <usize>ctz(letters) - 3;
      letters &= letters - 1;
      // What a neighbour's text looks like does not matter.
      if (at < from || at >= end) continue;
      found = readField(at, end, context, found);
      if ((found & HAS_PARENT) != 0) return true;
    }
  }
  if ((found & HAS_FLAGS) == 0) store<u8>(context, FLAGS_UNKNOWN, ROW_FLAGS);
  return (found & HAS_IDS) == HAS_IDS;
}

/** Fills the rows of the column `contexts`; returns how many records have a context. `rows`: as in join-lines.ts. */
export function extractContexts(
  starts: usize,
  lengths: usize,
  contexts: usize,
  rows: usize,
  first: u32,
  count: u32,
): u32 {
  let present: u32 = 0;
  for (let i: u32 = 0; i < count; i++) {
    const row = rows == 0 ? first + i : load<u32>(rows + (i << 2));
    const start: usize = load<u32>(starts + (row << 2));
    const context = contexts + (row << ROW_SHIFT);
    const isPresent = extract(start, start + load<u32>(lengths + (row << 2)), context);
    store<u8>(context, u8(isPresent), ROW_PRESENT);
    present += u32(isPresent);
  }
  return present;
}
