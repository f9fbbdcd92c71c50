import {
  holdsSampling,
  listNames,
  NAME_AGS_QUOTE,
  NAME_ENT_QUOTE,
  NAME_TRACE_FL,
  NAME_TRACEPAR,
} from './context-names';
import { areNibbles, bytesOf, nibblesOf } from './hex';

/** W3C trace contexts in JSON text. Called through `Kernel.extractContexts`, which documents the rules. */

const QUOTE: u8 = 0x22;
const HYPHEN: u8 = 0x2d;
const COLON: u8 = 0x3a;
const COLON_QUOTE: u16 = 0x223a;

/** Names in memory order: eight letters, and four more with the closing quote. */
const NAME_TRACE_ID: u64 = 0x64695f6563617274;
const NAME_SPAN_ID_QUOTE: u64 = 0x2264695f6e617073;

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

function isSpace(byte: u8): bool {
  return byte == 0x20 || (byte >= 9 && byte <= 13 && byte != 11 && byte != 12);
}

function skipSpace(at: usize, end: usize): usize {
  while (at < end && isSpace(load<u8>(at))) at++;
  return at;
}

/** Where the value begins of the name that ends at `at`; `end`: there is none. */
function valueOf(at: usize, end: usize): usize {
  // As nearly always.
  if (at + 2 <= end && load<u16>(at) == COLON_QUOTE) return at + 1;
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
  if (!areNibbles(v128.or(high, low)) || !v128.any_true(id)) return false;
  v128.store(to, id);
  return true;
}

/** The same with the 16 digits of a span id. */
function readSpanId(at: usize, to: usize): bool {
  const nibbles = nibblesOf(at);
  const id = i64x2.extract_lane(bytesOf(nibbles, nibbles), 0);
  if (!areNibbles(nibbles) || id == 0) return false;
  store<u64>(to, id);
  return true;
}

/** The byte in the two digits at `at`; -1: they are none. */
function readByte(at: usize): i32 {
  const nibbles = nibblesOf(at);
  const high = i8x16.extract_lane_u(nibbles, 0);
  const low = i8x16.extract_lane_u(nibbles, 1);
  return high > 15 || low > 15 ? -1 : (high << 4) | low;
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
  if (!areNibbles(span) || spanId == 0) return false;
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

/** Bytes that are searched for names at once: few enough to stay in the nearest cache. */
const TILE: usize = 4096;
/** Records that lie no further apart are searched together with what is between them. */
const GAP: usize = 64;

function rowAt(rows: usize, first: u32, index: u32): u32 {
  return rows == 0 ? first + index : load<u32>(rows + (index << 2));
}

function startOf(starts: usize, row: u32): usize {
  return load<u32>(starts + (row << 2));
}

function endOf(starts: usize, lengths: usize, row: u32): usize {
  return startOf(starts, row) + load<u32>(lengths + (row << 2));
}

/** The index of the first record behind `index` that does not lie close behind the one before it. */
function stretchEnd(starts: usize, lengths: usize, rows: usize, first: u32, count: u32, index: u32): u32 {
  let end = endOf(starts, lengths, rowAt(rows, first, index));
  for (index++; index < count; index++) {
    const row = rowAt(rows, first, index);
    // Before it is as far as behind it.
    if (startOf(starts, row) - end > GAP) break;
    end = endOf(starts, lengths, row);
  }
  return index;
}

/** Writes what nothing was found of; returns 1 if the record has a context. */
function conclude(context: usize, found: u32): u32 {
  const isPresent = u32((found & HAS_PARENT) != 0 || (found & HAS_IDS) == HAS_IDS);
  if ((found & (HAS_FLAGS | HAS_PARENT)) == 0) store<u8>(context, FLAGS_UNKNOWN, ROW_FLAGS);
  store<u8>(context, <u8>isPresent, ROW_PRESENT);
  return isPresent;
}

/**
 * Fills the rows of the column `contexts`; returns how many records have a context. `rows`: as in join-lines.ts; `names`:
 * room for the addresses of names in a tile (layout.ts).
 */
export function extractContexts(
  starts: usize,
  lengths: usize,
  contexts: usize,
  rows: usize,
  first: u32,
  count: u32,
  names: usize,
): u32 {
  let present: u32 = 0;
  for (let index: u32 = 0; index < count; ) {
    const stop = stretchEnd(starts, lengths, rows, first, count, index);
    const textEnd = endOf(starts, lengths, rowAt(rows, first, stop - 1));
    let row = rowAt(rows, first, index);
    let start = startOf(starts, row);
    let end = endOf(starts, lengths, row);
    let context = contexts + (row << ROW_SHIFT);
    let found: u32 = 0;
    for (let from = start; from < textEnd; from += TILE) {
      const namesEnd = listNames(from, min(from + TILE, textEnd), names);
      for (let at = names; at < namesEnd; at += 4) {
        const name: usize = load<u32>(at);
        while (name >= end) {
          present += conclude(context, found);
          row = rowAt(rows, first, ++index);
          start = startOf(starts, row);
          end = endOf(starts, lengths, row);
          context = contexts + (row << ROW_SHIFT);
          found = 0;
        }
        // What lies between records does not matter, nor what follows a traceparent.
        if (name >= start && (found & HAS_PARENT) == 0) found = readField(name, end, context, found);
      }
    }
    present += conclude(context, found);
    for (index++; index < stop; index++)
      present += conclude(contexts + (rowAt(rows, first, index) << ROW_SHIFT), 0);
  }
  return present;
}

/** Whether the text of the records may hold a name without which no context says whether it is sampled. */
export function maySaySampled(starts: usize, lengths: usize, rows: usize, first: u32, count: u32): bool {
  for (let index: u32 = 0; index < count; ) {
    const begin = startOf(starts, rowAt(rows, first, index));
    index = stretchEnd(starts, lengths, rows, first, count, index);
    if (holdsSampling(begin, endOf(starts, lengths, rowAt(rows, first, index - 1)))) return true;
  }
  return false;
}
