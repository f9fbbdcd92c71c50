/**
 * A template in the form in which the kernel writes logs' spans compressed: DEFLATE (RFC 1951) in which everything but
 * what differs between two logs is a copy of the log before. What differs stands in stored blocks, which begin on a byte
 * boundary, so that to the kernel this is a template like any other: constant bytes and patches. Between them stand
 * blocks of fixed Huffman codes with the copies. The first log is stored as it is; the last one's end is another.
 *
 * Of a run, joined by span-run.ts: the first log, `head`, `bytes` patched for each further log, of which the last has
 * `tail` in place of its last `jointBytes`.
 */
import {
  type Place,
  type RecordChecksum,
  recordChecksum,
  type Stretch,
} from '../../kernel/record-checksum.ts';
import { PATCH_WIDTHS, PatchKind, type SpanPatch, type SpanTemplate } from '../../kernel/span-template.ts';
import { DeflateWriter, MAX_DISTANCE } from './deflate-writer.ts';
import type { Template } from './span-template.ts';

export interface DeflatedTemplate extends SpanTemplate {
  readonly head: Buffer;
  readonly jointBytes: number;
  readonly tail: Buffer;
  readonly checksum: RecordChecksum;
}

/** Up to here repeating what is constant between two patches costs less than ending a block and beginning the next. */
const MAX_REPEATED = 9;
/** What a cell fills has this many bytes. */
const CELL = 8;

/** Bytes of the record that are stored: from the first patch to the end of the last one that is close to the others. */
interface Zone {
  readonly from: number;
  readonly to: number;
}

/** Null: a log's spans are too large for a copy to reach back to those of the log before. */
export function deflateTemplate(template: Template): DeflatedTemplate | null {
  const { bytes: record } = template;
  if (record.length > MAX_DISTANCE) return null;
  // Without a blob the root's length is constant.
  const patches = template.patches.filter(({ kind }) => kind !== PatchKind.rootLength);
  const zones = zonesOf(template, patches);
  const before = zones[0]!.from;
  const behind = record.length - zones.at(-1)!.to;

  const writer = new DeflateWriter();
  const encodedAt = new Map<Zone, number>();
  let jointAt = 0;
  for (const [i, zone] of zones.entries()) {
    encodedAt.set(zone, writer.stored(record.subarray(zone.from, zone.to)));
    jointAt = writer.length;
    const next = zones[i + 1];
    writer.copy(next === undefined ? behind + before : next.from - zone.to, record.length);
    writer.openStored();
  }
  const bytes = writer.finish();

  const head = new DeflateWriter();
  head.copy(before, record.length);
  head.openStored();
  const tail = new DeflateWriter();
  tail.copy(behind, record.length, record);
  tail.openStored();
  tail.stored(Buffer.alloc(0));

  const placeOf = (at: number): number => {
    const zone = zones.find(({ from, to }) => at >= from && at < to)!;
    return encodedAt.get(zone)! + at - zone.from;
  };
  return {
    bytes,
    patches: patches.map((patch) => ({ ...patch, at: placeOf(patch.at) })),
    head: head.finish(),
    jointBytes: bytes.length - jointAt,
    tail: tail.finish(),
    checksum: recordChecksum(record.length, stretchesOf(record, patches, placeOf)),
  };
}

function zonesOf({ gaps }: Template, patches: readonly SpanPatch[]): Zone[] {
  const zones: { from: number; to: number }[] = [];
  for (const { at, kind } of patches.toSorted((a, b) => a.at - b.at)) {
    const to = at + PATCH_WIDTHS[kind];
    const zone = zones.at(-1);
    // What a cell fills differs between batches: it must not be repeated from the template.
    if (zone !== undefined && at - zone.to <= MAX_REPEATED && !hasCell(gaps, zone.to, at)) zone.to = to;
    else zones.push({ from: at, to });
  }
  return zones;
}

function hasCell(gaps: Uint32Array, from: number, to: number): boolean {
  for (let i = 0; i < gaps.length; i += 2) if (gaps[i]! < to && gaps[i]! + CELL > from) return true;
  return false;
}

/** What differs, each value once, with every place of the record where it stands. */
function stretchesOf(
  record: Buffer,
  patches: readonly SpanPatch[],
  placeOf: (at: number) => number,
): Stretch[] {
  const stretches: Stretch[] = [];
  for (const value of valuesOf(patches)) {
    for (let from = 0; from < value.width; from += CELL) {
      const bytes: Place[][] = [];
      for (let i = from; i < Math.min(from + CELL, value.width); i++) {
        const places = value.patches.map(({ patch, skipped }) => patch.at + i + skipped);
        const within = places.filter((at, n) => at < value.patches[n]!.patch.at + value.width);
        bytes.push(within.map((at) => ({ behind: record.length - 1 - at, placeholder: record[at]! })));
      }
      stretches.push({ at: placeOf(value.at) + from, bytes });
    }
  }
  return stretches;
}

/** A value that patches write: `skipped` is how many bytes of its own a patch has before the value's first. */
interface PatchedValue {
  readonly at: number;
  readonly width: number;
  readonly patches: { readonly patch: SpanPatch; readonly skipped: number }[];
}

/** Ids of children are a constant byte and the first bytes of the root's (kernel/trace-ids.ts). */
function valuesOf(patches: readonly SpanPatch[]): Iterable<PatchedValue> {
  const values = new Map<SpanPatch['kind'], PatchedValue>();
  const isChild = ({ kind, argument }: SpanPatch) => kind === PatchKind.spanId && argument > 0;
  for (const patch of patches) {
    if (isChild(patch)) continue;
    const value = values.get(patch.kind);
    if (value !== undefined) value.patches.push({ patch, skipped: 0 });
    else {
      const width = PATCH_WIDTHS[patch.kind];
      values.set(patch.kind, { at: patch.at, width, patches: [{ patch, skipped: 0 }] });
    }
  }
  for (const patch of patches) {
    if (isChild(patch)) values.get(PatchKind.spanId)!.patches.push({ patch, skipped: 1 });
  }
  return values.values();
}
