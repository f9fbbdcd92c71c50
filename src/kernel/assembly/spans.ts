import { Checksum } from './checksum';
import { copyBytes } from './copy';
import { bigEndian, numberOf, spanIdOf } from './trace-ids';
import { putUid } from './uid';
import { openVarint4, varint4 } from './varint';

/** OTLP spans of logs, copied from a template. Called through `Kernel.encodeSpans`, which documents the rules. */

/** What span-encoder.ts writes for a template; its patches are `offset << 8 | code`. */
@unmanaged
class Template {
  bytes: usize;
  length: u32;
  patches: usize;
  patchesEnd: usize;
}

/** Codes of patches: `PatchKind` of span-template.ts, but span ids are `SPAN_ID` and their number. */
const INCOMING_PARENT: u32 = 1;
const SIZE: u32 = 2;
const OFFSET: u32 = 3;
const UID: u32 = 4;
const ROOT_LENGTH: u32 = 5;
const INCOMING_TRACE: u32 = 6;
const OFFSET_LOW: u32 = 7;
const SPAN_ID: u32 = 16;

/** Bytes of a padded root length. */
const ROOT_LENGTH_BYTES: u32 = 4;

/** Offsets of `ContextRow`. */
const CONTEXT_SHIFT: u32 = 5;
const CONTEXT_SPAN_ID: usize = 16;

/** The low 56 bits, 7 to a byte: a varint of 8 bytes without its continuation bits. */
function groupsOf(value: u64): u64 {
  let n = (value & 0x0fffffff) | ((value & 0x00fffffff0000000) << 4);
  n = (n & 0x00003fff00003fff) | ((n & 0x0fffc0000fffc000) << 2);
  return (n & 0x007f007f007f007f) | ((n & 0x3f803f803f803f80) << 1);
}

/**
 * Writes as many records' spans as end at or before `limit`; returns how many records. `result` gets two u32: bytes
 * written, and the register of the checksum. `blobLengths`: address of the column, or 0: not used. `rows`: as in
 * join-lines.ts. The position of the record that starts at `base` is `from`. `checksum` null: none.
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
  template: Template,
  begin: usize,
  limit: usize,
  checksum: Checksum | null,
  result: usize,
): u32 {
  const position = <u64>from - base;
  const length = template.length;
  const patchesEnd = template.patchesEnd;
  let register: u32 = checksum === null ? 0 : checksum.register;
  let to = begin;
  let i: u32 = 0;
  for (; i < count; i++) {
    const row = rows == 0 ? first + i : load<u32>(rows + (i << 2));
    const blob = blobLengths == 0 ? 0 : load<u32>(blobLengths + (row << 2));
    const end = to + length + blob;
    if (end > limit) break;
    copyBytes(to, template.bytes, length);
    const number = numberOf(seed, threshold, row);
    const offset = position + load<u32>(starts + (row << 2));
    for (let patch = template.patches; patch < patchesEnd; patch += 4) {
      const code = load<u32>(patch) & 0xff;
      const at = to + (load<u32>(patch) >> 8);
      switch (code) {
        case INCOMING_PARENT:
          store<u64>(at, load<u64>(contexts + (row << CONTEXT_SHIFT), CONTEXT_SPAN_ID));
          break;
        case SIZE:
          store<u32>(at, varint4(load<u32>(lengths + (row << 2))));
          break;
        case OFFSET:
          store<u64>(at, groupsOf(offset) | 0x0080808080808080);
          break;
        case OFFSET_LOW:
          store<u32>(at, openVarint4(<u32>offset));
          break;
        case UID:
          putUid(at, offset);
          break;
        case ROOT_LENGTH:
          store<u32>(at, varint4(<u32>(end - at) - ROOT_LENGTH_BYTES));
          break;
        case INCOMING_TRACE:
          v128.store(at, v128.load(contexts + (row << CONTEXT_SHIFT)));
          break;
        default:
          v128.store64_lane(at, bigEndian(spanIdOf(number, code - SPAN_ID)), 0);
      }
    }
    if (checksum !== null) register = checksum.add(register, to);
    if (blob != 0) copyBytes(end - blob, load<u32>(blobStarts + (row << 2)), blob);
    to = end;
  }
  store<u32>(result, <u32>(to - begin));
  store<u32>(result, register, 4);
  return i;
}
