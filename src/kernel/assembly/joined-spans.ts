import { Checksum, Sum } from './checksum';
import { bigEndian, draw } from './trace-ids';
import { openVarint4, varint4 } from './varint';

/**
 * OTLP spans of logs that joined the trace they came with and differ in nothing but their ids, size and position: what
 * uniform-spans.ts is for logs with a trace of their own. Called through `Kernel.encodeSpans`.
 */

/** Where a template has what differs. */
@unmanaged
class JoinedTemplate {
  bytes: usize;
  length: u32;
  /** The trace id that came with the log, 16 bytes, the span's own id and the id of its parent, 8 bytes each. */
  trace: u32;
  span: u32;
  parent: u32;
  /** The size, a varint of 4 bytes, and the first 4 bytes of the position's. */
  size: u32;
  position: u32;
}

/** Offsets of `ContextRow`. */
const CONTEXT_SHIFT: u32 = 5;
const CONTEXT_SPAN_ID: usize = 16;

/**
 * Writes the spans of `count` records, for which there must be room; returns the register of the checksum behind them.
 * `rows`: as in join-lines.ts. The position of the record that starts at `base` is `from`. The checksum has four stretches of
 * 8 bytes, the halves of the trace id and the two span ids, and two of 4, the size and the position.
 */
export function encodeJoinedSpans(
  starts: usize,
  lengths: usize,
  contexts: usize,
  rows: usize,
  first: u32,
  count: u32,
  base: u32,
  from: f64,
  seed: u64,
  template: JoinedTemplate,
  to: usize,
  checksum: Checksum,
): u32 {
  const position = <u32>(<u64>from) - base;
  const length = template.length;
  const bytes = template.bytes;
  const traceAt = template.trace;
  const spanAt = template.span;
  const parentAt = template.parent;
  const sizeAt = template.size;
  const positionAt = template.position;
  const tables = checksum.tables;
  const constant = checksum.constant;
  const begin = v128.load(bytes);
  const middle = v128.load(bytes, 16);
  const third = v128.load(bytes, 32);
  const fourth = v128.load(bytes, 48);
  let register = checksum.register;
  for (let i: u32 = 0; i < count; i++) {
    const row = rows == 0 ? first + i : load<u32>(rows + (i << 2));
    v128.store(to, begin);
    v128.store(to, middle, 16);
    v128.store(to, third, 32);
    v128.store(to, fourth, 48);
    for (let at: u32 = 64; at < length; at += 16) v128.store(to + at, v128.load(bytes + at));
    const context = contexts + (row << CONTEXT_SHIFT);
    v128.store(to + traceAt, v128.load(context));
    const parent = load<u64>(context, CONTEXT_SPAN_ID);
    store<u64>(to + parentAt, parent);
    const span = i64x2.extract_lane(bigEndian(draw(seed, row)), 0);
    store<u64>(to + spanAt, span);
    const size = varint4(load<u32>(lengths + (row << 2)));
    store<u32>(to + sizeAt, size);
    const place = openVarint4(position + load<u32>(starts + (row << 2)));
    store<u32>(to + positionAt, place);
    const sum =
      constant ^
      Sum.of8(tables + 4096, load<u64>(context)) ^
      Sum.of8(tables + 12288, load<u64>(context, 8)) ^
      Sum.of8(tables + 20480, span) ^
      Sum.of8(tables + 28672, parent) ^
      Sum.of4(tables + 36864, size) ^
      Sum.of4(tables + 40960, place);
    // Last, because the next record waits for it.
    register = sum ^ Sum.of4(tables, register);
    to += length;
  }
  return register;
}
