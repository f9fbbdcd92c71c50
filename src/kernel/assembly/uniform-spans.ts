import { Checksum, Sum } from './checksum';
import { bigEndian, draw } from './trace-ids';
import { openVarint4, varint4 } from './varint';

/**
 * OTLP spans of logs that differ in nothing but their number, size and position, and in the context they came with where they
 * joined that trace, as nearly all of full-e2e do: what spans.ts does for any template, without going through patches.
 * Called through `Kernel.encodeSpans`.
 */

/** Where a template has what differs. */
@unmanaged
class UniformTemplate {
  bytes: usize;
  length: u32;
  /** The row's number, 8 bytes, in the trace id or as the root's span id. */
  number: u32;
  /** The size, a varint of 4 bytes, and the first 4 bytes of the position's. */
  size: u32;
  position: u32;
  /** Where records joined a trace: its id, 16 bytes, and the id of the parent, 8 bytes. */
  trace: u32;
  parent: u32;
}

/** Offsets of `ContextRow`. */
const CONTEXT_SHIFT: u32 = 5;
const CONTEXT_SPAN_ID: usize = 16;

/**
 * Writes the spans of `count` records, for which there must be room; returns the register of the checksum behind them.
 * `rows`: as in join-lines.ts. The position of the record that starts at `base` is `from`. `contexts`: address of the column where
 * records joined a trace, or 0. The checksum has one stretch of 8 bytes, the number, and two of 4, the size and the position;
 * with contexts two more of 8 before the number, of the trace, and one behind it, the parent.
 */
export function encodeUniformSpans(
  starts: usize,
  lengths: usize,
  contexts: usize,
  rows: usize,
  first: u32,
  count: u32,
  base: u32,
  from: f64,
  seed: u64,
  template: UniformTemplate,
  to: usize,
  checksum: Checksum,
): u32 {
  const position = <u32>(<u64>from) - base;
  const length = template.length;
  const bytes = template.bytes;
  const numberAt = template.number;
  const sizeAt = template.size;
  const positionAt = template.position;
  const traceAt = template.trace;
  const parentAt = template.parent;
  const passing = checksum.tables;
  const ofTrace = passing + 4096;
  const ofNumber = contexts == 0 ? ofTrace : ofTrace + 16384;
  const ofParent = ofNumber + 8192;
  const ofSize = contexts == 0 ? ofParent : ofParent + 8192;
  const ofPosition = ofSize + 4096;
  const constant = checksum.constant;
  const begin = v128.load(bytes);
  const middle = v128.load(bytes, 16);
  const end = v128.load(bytes, 32);
  let register = checksum.register;
  /** What seldom differs from one record to the next, and what it adds: the upper halves of sizes and positions. */
  let sizeAbove: u32 = 0;
  let placeAbove: u32 = 0;
  // Upper halves have continuation bits, so they are never 0: the first record's are looked up.
  let added: u32 = 0;
  for (let i: u32 = 0; i < count; i++) {
    const row = rows == 0 ? first + i : load<u32>(rows + (i << 2));
    v128.store(to, begin);
    v128.store(to, middle, 16);
    v128.store(to, end, 32);
    for (let at: u32 = 48; at < length; at += 16) v128.store(to + at, v128.load(bytes + at));
    const number = i64x2.extract_lane(bigEndian(draw(seed, row)), 0);
    store<u64>(to + numberAt, number);
    const size = varint4(load<u32>(lengths + (row << 2)));
    store<u32>(to + sizeAt, size);
    const place = openVarint4(position + load<u32>(starts + (row << 2)));
    store<u32>(to + positionAt, place);
    if (size >> 16 != sizeAbove || place >> 16 != placeAbove) {
      sizeAbove = size >> 16;
      placeAbove = place >> 16;
      added = constant ^ Sum.upperOf4(ofSize, size) ^ Sum.upperOf4(ofPosition, place);
    }
    let sum =
      added ^ Sum.lowerOf4(ofSize, size) ^ Sum.lowerOf4(ofPosition, place) ^ Sum.of8(ofNumber, number);
    if (contexts != 0) {
      const context = contexts + (row << CONTEXT_SHIFT);
      const parent = load<u64>(context, CONTEXT_SPAN_ID);
      v128.store(to + traceAt, v128.load(context));
      store<u64>(to + parentAt, parent);
      sum ^= Sum.of8(ofTrace, load<u64>(context)) ^ Sum.of8(ofTrace + 8192, load<u64>(context, 8));
      sum ^= Sum.of8(ofParent, parent);
    }
    register = sum ^ Sum.of4(passing, register);
    to += length;
  }
  return register;
}
