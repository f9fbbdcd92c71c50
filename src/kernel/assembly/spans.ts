import { copyBytes } from './copy';
import { hexOf8 } from './hex';
import { spanId, traceId } from './trace-ids';

/** OTLP spans of logs, copied from a template. Called through `Kernel.encodeSpans`, which documents the rules. */

/** What encode-spans.ts writes for a template; its patches are `offset << 8 | code`. */
@unmanaged
class Template {
  bytes: usize;
  length: u32;
  patches: usize;
  patchesEnd: usize;
}

/** Codes of patches: `PatchKind` of span-template.ts, but span ids are `SPAN_ID` and their number. */
const TRACE_ID: u32 = 0;
const INCOMING_PARENT: u32 = 2;
const SIZE: u32 = 3;
const OFFSET: u32 = 4;
const UID: u32 = 5;
const ROOT_LENGTH: u32 = 6;
const SPAN_ID: u32 = 16;

/** Bytes of a padded root length. */
const ROOT_LENGTH_BYTES: u32 = 4;

/** Offsets of `ContextRow`. */
const CONTEXT_SHIFT: u32 = 5;
const CONTEXT_SPAN_ID: usize = 16;
const CONTEXT_PRESENT: usize = 25;

/** The low 56 bits, 7 to a byte: a varint of 8 bytes without its continuation bits. */
function groupsOf(value: u64): u64 {
  let n = (value & 0x0fffffff) | ((value & 0x00fffffff0000000) << 4);
  n = (n & 0x00003fff00003fff) | ((n & 0x0fffc0000fffc000) << 2);
  return (n & 0x007f007f007f007f) | ((n & 0x3f803f803f803f80) << 1);
}

function putSize(to: usize, size: u32): void {
  const groups = groupsOf(size);
  store<u32>(to, <u32>groups | 0x80808080);
  store<u8>(to, <u8>(groups >> 32), 4);
}

function putUid(to: usize, offset: u64): void {
  const digits = hexOf8(i64x2.splat(bswap(offset)));
  v128.store32_lane(to, digits, 1);
  v128.store64_lane(to, digits, 1, 4);
}

/**
 * Writes as many records' spans as end at or before `limit`; returns how many records. `result` gets two u32: bytes
 * written, and records that had a context. `contexts`, `blobLengths`: addresses of columns, or 0: not used. `rows`: as
 * in join-lines.ts. The position of the record that starts at `base` is `from`.
 */
export function encodeSpans(
  starts: usize,
  lengths: usize,
  contexts: usize,
  blobStarts: usize,
  blobLengths: usize,
  rows: usize,
  first: u32,
  count: u32,
  base: u32,
  from: f64,
  seed: u64,
  threshold: u64,
  plain: usize,
  joined: usize,
  begin: usize,
  limit: usize,
  result: usize,
): u32 {
  const position = <u64>from - base;
  let to = begin;
  let joins: u32 = 0;
  let i: u32 = 0;
  for (; i < count; i++) {
    const row = rows == 0 ? first + i : load<u32>(rows + (i << 2));
    const context = contexts + (row << CONTEXT_SHIFT);
    const isJoined = contexts != 0 && load<u8>(context, CONTEXT_PRESENT) != 0;
    const template = changetype<Template>(isJoined ? joined : plain);
    const blob = blobLengths == 0 ? 0 : load<u32>(blobLengths + (row << 2));
    const end = to + template.length + blob;
    if (end > limit) break;
    copyBytes(to, template.bytes, template.length);
    const trace = isJoined ? v128.load(context) : traceId(seed, threshold, row);
    const root = spanId(seed, row, 0);
    const offset = position + load<u32>(starts + (row << 2));
    const patchesEnd = template.patchesEnd;
    for (let patch = template.patches; patch < patchesEnd; patch += 4) {
      const code = load<u32>(patch) & 0xff;
      const at = to + (load<u32>(patch) >> 8);
      switch (code) {
        case TRACE_ID:
          v128.store(at, trace);
          break;
        case INCOMING_PARENT:
          store<u64>(at, load<u64>(context, CONTEXT_SPAN_ID));
          break;
        case SIZE:
          putSize(at, load<u32>(lengths + (row << 2)));
          break;
        case OFFSET:
          store<u64>(at, groupsOf(offset) | 0x0080808080808080);
          break;
        case UID:
          putUid(at, offset);
          break;
        case ROOT_LENGTH:
          store<u32>(at, <u32>groupsOf(<u32>(end - at) - ROOT_LENGTH_BYTES) | 0x00808080);
          break;
        case SPAN_ID:
          store<u64>(at, root);
          break;
        default:
          store<u64>(at, spanId(seed, row, code - SPAN_ID));
      }
    }
    if (blob != 0) copyBytes(end - blob, load<u32>(blobStarts + (row << 2)), blob);
    to = end;
    joins += u32(isJoined);
  }
  store<u32>(result, <u32>(to - begin));
  store<u32>(result, joins, 4);
  return i;
}
