/**
 * A template in the form in which the kernel writes logs' spans compressed: DEFLATE (RFC 1951) in which everything that
 * is the same for two logs is a copy of the log before, and what a log repeats (its trace id, ids of parents) a copy
 * within the log. What is new stands in stored blocks, which begin on a byte boundary, so that to the kernel this is a
 * template like any other: constant bytes and patches. Between them stand blocks of fixed Huffman codes with the copies.
 *
 * Of a run, joined by span-run.ts: the first log as it is, `head`, `bytes` patched for each further log, of which the
 * last has `tail` in place of its last `jointBytes`.
 */
import type { RecordChecksum, RecordChecksums, Stretch } from '../../kernel/record-checksum.ts';
import type { SpanPatch, SpanTemplate } from '../../kernel/span-template.ts';
import { DeflateWriter, MAX_DISTANCE, MIN_COPY } from './deflate-writer.ts';
import { type Part, partsOf, type Value } from './record-parts.ts';
import type { Template } from './span-template.ts';

export interface DeflatedTemplate extends SpanTemplate {
  readonly head: Buffer;
  readonly jointBytes: number;
  readonly tail: Buffer;
  /** Where a log has the upper half of its position, which all logs of a run share; -1: positions are not told. */
  readonly sharedAt: number;
  /** Asked for whenever it is needed: it is large, and kept only for what is in use. */
  readonly checksum: () => RecordChecksum;
}

/** The kernel's checksum takes a value in stretches of 8 bytes at most. */
const STRETCH = 8;

/** Null: a log's spans are too large for a copy to reach back to those of the log before. */
export function deflateTemplate(template: Template, checksums: RecordChecksums): DeflatedTemplate | null {
  const { bytes: record } = template;
  if (record.length > MAX_DISTANCE) return null;
  const { parts, values, patches, sharedAt } = partsOf(template);
  const first = parts.findIndex(({ kind }) => kind === 'new');
  const before = parts[first]!.from;

  const writer = new DeflateWriter();
  const encodedAt = new Map<Part, number>();
  let lastAt = 0;
  let lastEnd = 0;
  for (const [i, part] of parts.entries()) {
    if (part.kind !== 'new') continue;
    if (lastEnd > 0) writeCopies(writer, record, parts.slice(lastAt + 1, i));
    encodedAt.set(part, writer.stored(record.subarray(part.from, part.to)));
    lastAt = i;
    lastEnd = writer.length;
  }
  const behind = parts.slice(lastAt + 1);
  writeCopies(writer, record, behind, before);
  const bytes = writer.finish();

  const head = new DeflateWriter();
  writeCopies(head, record, [], before);
  const tail = new DeflateWriter();
  writeCopies(tail, record, behind);
  tail.stored(Buffer.alloc(0));

  const placeOf = (at: number): number => {
    for (const [part, encoded] of encodedAt)
      if (at >= part.from && at < part.to) return encoded + at - part.from;
    throw new RangeError(`nothing is stored of byte ${at}`);
  };
  const stretches = values.flatMap((value) => stretchesOf(record, value, placeOf));
  const key = `${record.length} ${JSON.stringify(stretches)}`;
  return {
    bytes,
    patches: patches.map((patch): SpanPatch => ({ ...patch, at: placeOf(patch.at) })),
    head: head.finish(),
    jointBytes: bytes.length - lastEnd,
    tail: tail.finish(),
    sharedAt,
    checksum: () => checksums.get(key, record.length, stretches),
  };
}

/** A block of copies, and the start of a stored one. @param more bytes of the next log that follow. */
function writeCopies(writer: DeflateWriter, record: Buffer, parts: readonly Part[], more = 0): void {
  writer.openFixed();
  let left = more;
  for (const [i, part] of parts.entries()) {
    let length = part.to - part.from;
    // What is constant at the end and at the start of a log is copied at once.
    if (i === parts.length - 1 && part.kind === 'constant') {
      length += left;
      left = 0;
    }
    if (part.kind === 'repeated') writer.copy(length, part.distance);
    else if (length >= MIN_COPY) writer.copy(length, record.length);
    else writer.literals(record.subarray(part.from, part.to));
  }
  if (left > 0) writer.copy(left, record.length);
  writer.closeFixed();
  writer.openStored();
}

function stretchesOf(record: Buffer, value: Value, placeOf: (at: number) => number): Stretch[] {
  const stretches: Stretch[] = [];
  for (let from = 0; from < value.places.length; from += STRETCH) {
    const bytes = value.places
      .slice(from, from + STRETCH)
      .map((places) => places.map((at) => ({ behind: record.length - 1 - at, placeholder: record[at]! })));
    stretches.push({ at: placeOf(value.at + from), bytes });
  }
  return stretches;
}
