/** Brings what `Kernel.encodeSpans` needs into kernel memory, where assembly/spans.ts and checksum.ts read it. */

import {
  type ChecksumLayout,
  MAX_CHECKED_BYTES,
  MAX_PATCHES,
  MAX_TEMPLATE_BYTES,
  type TemplateLayout,
} from './layout.ts';
import type { RecordChecksum } from './record-checksum.ts';
import { PatchKind, type SpanTemplate } from './span-template.ts';

/** A span id's patch is this and its number, in one byte; the other kinds are below. */
const SPAN_ID_CODE = 16;
const TABLE_WORDS = 256;
/** Tables that are not of a byte of the record. */
const REGISTER_TABLES = 4;

/**
 * @param words the whole memory.
 * @throws RangeError when the template is larger than its room.
 */
export function putTemplate(
  bytes: Buffer,
  words: Uint32Array,
  at: TemplateLayout,
  template: SpanTemplate,
  useBlobs: boolean,
): void {
  const { length } = template.bytes;
  if (length > MAX_TEMPLATE_BYTES || template.patches.length > MAX_PATCHES) {
    throw new RangeError(
      `a template of ${length} bytes with ${template.patches.length} patches; at most ${MAX_TEMPLATE_BYTES} and ` +
        `${MAX_PATCHES} are possible: shorten the attributes of tracing.annotate`,
    );
  }
  bytes.set(template.bytes, at.bytes);
  let word = at.patches >> 2;
  for (const { at: offset, kind, argument } of template.patches) {
    // Without a blob the length is what the template says.
    if (kind === PatchKind.rootLength && !useBlobs) continue;
    words[word++] = (offset << 8) | (kind === PatchKind.spanId ? SPAN_ID_CODE + argument : kind);
  }
  const head = at.head >> 2;
  words[head] = at.bytes;
  words[head + 1] = length;
  words[head + 2] = at.patches;
  words[head + 3] = word << 2;
}

/** How many bytes that differ between records the kernel has tables for. */
export function checkedBytes({ tables }: RecordChecksum): number {
  return tables.length / TABLE_WORDS - REGISTER_TABLES;
}

/** @throws RangeError when there are more tables than there is room for. */
export function putTables(words: Uint32Array, at: ChecksumLayout, checksum: RecordChecksum): void {
  const { tables, wide, narrow } = checksum;
  if (checkedBytes(checksum) > MAX_CHECKED_BYTES) {
    throw new RangeError(
      `${checkedBytes(checksum)} bytes to check; at most ${MAX_CHECKED_BYTES} are possible`,
    );
  }
  words.set(tables, at.tables >> 2);
  words.set([...wide, ...narrow], at.stretches >> 2);
  words.set([at.tables, at.stretches, at.stretches + 4 * wide.length], (at.head >> 2) + 2);
}
