/**
 * The part of the kernel that `Kernel.encodeSpans` calls: brings templates and the tables of checksums into kernel memory,
 * where assembly/uniform-spans.ts, spans.ts and checksum.ts read them, and says which of the two loops it is.
 */

import type { Exports } from './exports.ts';
import {
  type ChecksumLayout,
  type Layout,
  MAX_CHECKED_BYTES,
  MAX_PATCHES,
  MAX_TEMPLATE_BYTES,
  type TemplateLayout,
} from './layout.ts';
import type { RecordBlobs, Region } from './options.ts';
import type { RecordChecksum } from './record-checksum.ts';
import type { Selection } from './slot.ts';
import {
  type EncodedSpans,
  PATCH_WIDTHS,
  PatchKind,
  type SpanOptions,
  type SpanPatch,
  type SpanTemplate,
} from './span-template.ts';

/** A span id's patch is this and its number, in one byte; the other kinds are below. */
const SPAN_ID_CODE = 16;
const TABLE_WORDS = 256;
/** Tables that are not of a byte of the record. */
const REGISTER_TABLES = 4;

export class SpanEncoder {
  readonly #wasm: Exports;
  readonly #layout: Layout;
  readonly #bytes: Buffer;
  readonly #words: Uint32Array;
  readonly #blobs: RecordBlobs;
  /** Whose tables are in kernel memory. */
  #checksum: RecordChecksum | null = null;

  /** @param bytes the whole memory. */
  constructor(wasm: Exports, layout: Layout, bytes: Buffer, blobs: RecordBlobs) {
    this.#wasm = wasm;
    this.#layout = layout;
    this.#bytes = bytes;
    this.#words = new Uint32Array(bytes.buffer);
    this.#blobs = blobs;
  }

  /** @param rows address of the selection's list of rows, of which there are `count`; 0: they are consecutive. */
  encode(
    selection: Selection,
    rows: number,
    count: number,
    options: SpanOptions,
    out: Pick<Region, 'address' | 'capacity'>,
  ): EncodedSpans {
    const { slot, first } = selection;
    const { template, useBlobs, checksum, from, seed, threshold } = options;
    const bytes = count * template.bytes.length;
    const places = uniformPlaces(options);
    if (places !== null && bytes <= out.capacity) {
      const register = this.#encodeUniform(selection, rows, count, options, places, out.address);
      return { bytes, rows: count, register };
    }
    const { template: at, results } = this.#layout;
    putTemplate(this.#bytes, this.#words, at, template, useBlobs);
    const done = this.#wasm.encodeSpans(
      slot.starts.byteOffset,
      slot.lengths.byteOffset,
      slot.contexts.byteOffset,
      this.#blobs.starts.byteOffset,
      useBlobs ? this.#blobs.lengths.byteOffset : 0,
      rows,
      first,
      count,
      slot.starts[first]!,
      from,
      seed,
      threshold,
      at.head,
      out.address,
      out.address + out.capacity,
      checksum === null ? 0 : this.#prepareChecksum(checksum),
      results,
    );
    const result = results >> 2;
    return { bytes: this.#words[result]!, rows: done, register: this.#words[result + 1]! };
  }

  /** Returns the register. */
  #encodeUniform(
    { slot, first }: Selection,
    rows: number,
    count: number,
    { template, checksum, from, seed, threshold }: SpanOptions,
    { number, size, offset, uid, joined }: UniformPlaces,
    to: number,
  ): number {
    const { head, bytes } = this.#layout.template;
    this.#bytes.set(template.bytes, bytes);
    const { starts, lengths, contexts } = slot;
    const places = [number, size, offset, uid, joined?.trace ?? 0, joined?.parent ?? 0];
    const columns = [starts.byteOffset, lengths.byteOffset, joined === null ? 0 : contexts.byteOffset];
    const records = [...columns, rows, first, count, starts[first]!];
    this.#words.set([bytes, template.bytes.length, ...places, ...records], head >> 2);
    const sum = this.#prepareChecksum(checksum!);
    return this.#wasm.encodeUniformSpans(head, from, seed, threshold, to, sum) >>> 0;
  }

  /** Address of the checksum. */
  #prepareChecksum({ record, constant, register }: NonNullable<SpanOptions['checksum']>): number {
    const { checksum } = this.#layout;
    if (record !== this.#checksum) {
      putTables(this.#words, checksum, record);
      this.#checksum = record;
    }
    const head = checksum.head >> 2;
    this.#words[head] = constant;
    this.#words[head + 1] = register;
    this.#words[head + 5] = checksum.stretches + 4 * (record.wide.length + record.narrow.length);
    return checksum.head;
  }
}

/** Where a template has what differs between logs. */
interface UniformPlaces {
  /** Of the row's number: in the trace id, or as the root's span id where records joined a trace. */
  readonly number: number;
  readonly size: number;
  readonly offset: number;
  /** 0: it has none. */
  readonly uid: number;
  /** Of logs that joined the trace they came with. */
  readonly joined: { readonly trace: number; readonly parent: number } | null;
}

const { spanId, size, offsetLow, uid, incomingTraceId, incomingParentSpanId } = PatchKind;
const OWN = [spanId, size, offsetLow];
const JOINED = [incomingTraceId, spanId, incomingParentSpanId, size, offsetLow];

/** Of templates that were asked for before, with the checksum they had. */
const known = new WeakMap<SpanTemplate, { record: RecordChecksum; places: UniformPlaces | null }>();

/**
 * What assembly/uniform-spans.ts needs to know; null: spans.ts does it, because logs differ in something else or their
 * checksum is not laid out as it is for these.
 */
export function uniformPlaces({
  template,
  useBlobs,
  checksum,
}: Pick<SpanOptions, 'template' | 'useBlobs' | 'checksum'>): UniformPlaces | null {
  if (checksum === null || useBlobs) return null;
  const { record } = checksum;
  let found = known.get(template);
  if (found?.record !== record) {
    found = { record, places: placesIn(template, record) };
    known.set(template, found);
  }
  return found.places;
}

function placesIn({ patches, bytes }: SpanTemplate, { wide, narrow }: RecordChecksum): UniformPlaces | null {
  if (bytes.length > MAX_TEMPLATE_BYTES) return null;
  const stretches = patches.flatMap(({ at, kind }) => stretchesOf(at, PATCH_WIDTHS[kind]));
  const are = (width: number) => stretches.filter((each) => each.width === width).map(({ at }) => at);
  if (are(8).join() !== wide.join() || are(4).join() !== narrow.join()) return null;
  if (patches.some(({ argument }) => argument !== 0)) return null;
  const hasUid = patches.at(-1)?.kind === uid;
  const kinds = patches.map(({ kind }) => kind).slice(0, hasUid ? -1 : undefined);
  const at = (kind: SpanPatch['kind']) => patches.find((patch) => patch.kind === kind)?.at ?? 0;
  const places = { number: at(spanId), size: at(size), offset: at(offsetLow), uid: at(uid) };
  if (kinds.join() === OWN.join()) return { ...places, joined: null };
  if (kinds.join() !== JOINED.join()) return null;
  return { ...places, joined: { trace: at(incomingTraceId), parent: at(incomingParentSpanId) } };
}

/** How the checksum divides a patch. */
function stretchesOf(at: number, width: number): { readonly at: number; readonly width: number }[] {
  const stretches = [];
  for (let done = 0; done < width; done += 8)
    stretches.push({ at: at + done, width: Math.min(8, width - done) });
  return stretches;
}

/**
 * @param words the whole memory.
 * @throws RangeError when the template is larger than its room.
 */
function putTemplate(
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
function checkedBytes({ tables }: RecordChecksum): number {
  return tables.length / TABLE_WORDS - REGISTER_TABLES;
}

/** @throws RangeError when there are more tables than there is room for. */
function putTables(words: Uint32Array, at: ChecksumLayout, checksum: RecordChecksum): void {
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
