/**
 * A template: the encoded spans of one log (or of one batch) with gaps. What differs between batches is 8 bytes wide
 * everywhere (a time, half a trace id, a span id, a padded number): it is filled from `Cells` before a batch is encoded.
 * What differs between logs is patched by the kernel, which copies the template once a log (`Kernel.encodeSpans`).
 * Templates are built once per stream and shape, by log-spans.ts and system-spans.ts, and used again for every batch.
 */
import { PATCH_WIDTHS, PatchKind, type SpanPatch, type SpanTemplate } from '../../kernel/span-template.ts';
import { Field, OtlpWriter, putNanos, putPadded, StatusCode, type Value } from './otlp-writer.ts';
import { UID_DIGITS } from './record-uid.ts';

/** Bytes of a cell. */
const CELL = 8;
const DIGITS = Buffer.from('0123456789abcdef');
/** Bytes of the length of a span that is not patched by the kernel: up to 16 KiB. */
const SPAN_LENGTH_WIDTH = 2;
/** Bytes of the length of a root, to which links or attributes of a log may be appended (`PatchKind.rootLength`). */
export const ROOT_LENGTH_WIDTH = 4;
/** Widths of what the kernel patches (`PatchKind`). */
const SIZE_WIDTH = PATCH_WIDTHS[PatchKind.size];
const OFFSET_WIDTH = PATCH_WIDTHS[PatchKind.offset];
/** Bytes of the lengths of statuses, and of events: most are shorter than 128 bytes. */
const EVENT_LENGTH_WIDTH = 2;
const SHORT_EVENT_LENGTH_WIDTH = 1;
const SHORT_EVENT_NAME = 100;
const STATUS_LENGTH_WIDTH = 2;

/** W3C trace flags: sampled, and (level 2) a random trace id; above them OTLP's bits that say where the parent is. */
const SAMPLED = 0x01;
const RANDOM = 0x02;
const HAS_IS_REMOTE = 0x100;
const IS_REMOTE = 0x200;
export const FLAGS = SAMPLED | RANDOM | HAS_IS_REMOTE;
/** Of a span that continues a trace from elsewhere: nothing is known of how that trace's id was made. */
export const REMOTE_PARENT_FLAGS = SAMPLED | HAS_IS_REMOTE | IS_REMOTE;

/** What fills the gaps of templates, by the gap's number. */
export class Cells {
  readonly words: Uint32Array;
  readonly #bytes: Buffer;
  readonly #view: DataView;

  constructor(count: number) {
    this.words = new Uint32Array(count * 2);
    this.#bytes = Buffer.from(this.words.buffer);
    this.#view = new DataView(this.words.buffer);
  }

  /** Milliseconds since 1970. */
  setTime(cell: number, ms: number): void {
    putNanos(this.words, cell * 2, ms);
  }

  /** A whole number below 2^53, as a padded varint. */
  setNumber(cell: number, value: number): void {
    putPadded(this.#bytes, cell * CELL, value, CELL);
  }

  /** The two words of a span id, or the four of a trace id into two cells. */
  setId(cell: number, id: Uint32Array): void {
    for (let i = 0; i < id.length; i++) this.words[cell * 2 + i] = id[i]!;
  }

  /** 64 bits, the highest first. */
  setBigEndian(cell: number, value: bigint): void {
    this.#view.setBigUint64(cell * CELL, value);
  }

  /** Writes `length` bytes from a cell on as hexadecimal digits. */
  putHex(to: Buffer, at: number, cell: number, length: number): void {
    for (let i = 0; i < length; i++) {
      const byte = this.#bytes[cell * CELL + i]!;
      to[at + 2 * i] = DIGITS[byte >> 4]!;
      to[at + 2 * i + 1] = DIGITS[byte & 15]!;
    }
  }

  /** A random id of 8 bytes, never all zeros. */
  setRandomId(cell: number, random: () => number): void {
    this.words[cell * 2] = random() * 2 ** 32;
    this.words[cell * 2 + 1] = random() * 2 ** 32;
    if (this.words[cell * 2] === 0 && this.words[cell * 2 + 1] === 0) this.words[cell * 2] = 1;
  }

  /** 8 characters of ASCII. */
  setText(cell: number, text: string): void {
    this.#bytes.write(text, cell * CELL, CELL, 'latin1');
  }
}

/** A template, and its gaps as pairs of an offset and the number of the cell that fills it. */
export interface Template extends SpanTemplate {
  readonly spans: number;
  readonly gaps: Uint32Array;
  readonly view: DataView;
  /** Offset of the last span's length (of `ROOT_LENGTH_WIDTH` bytes), and of its content, which begins with its ids. */
  readonly rootLengthAt: number;
  readonly rootAt: number;
}

/** Fills every gap; the template is ready to be copied then, until it is filled again. */
export function fill({ gaps, view }: Template, { words }: Cells): void {
  for (let i = 0; i < gaps.length; i += 2) {
    const at = gaps[i]!;
    const word = gaps[i + 1]! * 2;
    view.setUint32(at, words[word]!, true);
    view.setUint32(at + 4, words[word + 1]!, true);
  }
}

/** An id: in a cell (a trace id in two), drawn by the kernel for each log, or what came with each log. */
export type Id = { readonly cell: number } | { readonly log: number } | 'incoming';

/** How a span begins. Times are numbers of cells. */
export interface SpanHead {
  readonly name: string;
  readonly kind: number;
  /** In two cells; with its first half in a cell and the second drawn by the kernel for each log; or what came with it. */
  readonly trace: { readonly cell: number } | { readonly prefix: number } | 'incoming';
  readonly id: Id;
  readonly parent: Id | null;
  readonly start: number;
  readonly end: number;
}

/** Writes a template span by span; what is called inside `write` of a span goes into that span. */
export class TemplateWriter {
  readonly #writer = new OtlpWriter();
  readonly #gaps: number[] = [];
  readonly #patches: SpanPatch[] = [];
  #spans = 0;

  span(head: SpanHead, write: () => void): void {
    this.#span(head, SPAN_LENGTH_WIDTH, write);
  }

  /** The last span: the kernel, or whoever copies the template, may append fields to it. */
  finish(root: SpanHead, write: () => void): Template {
    const rootLengthAt = this.#span(root, ROOT_LENGTH_WIDTH, write);
    if (root.trace === 'incoming' || 'prefix' in root.trace) this.#patch(rootLengthAt, PatchKind.rootLength);
    const bytes = this.#writer.finish();
    // What the ids of children have in common is constant: compressed, it costs nothing.
    for (const { at, kind, argument } of this.#patches) if (kind === PatchKind.spanId) bytes[at] = argument;
    return {
      bytes,
      patches: this.#patches,
      spans: this.#spans,
      gaps: Uint32Array.from(this.#gaps),
      view: new DataView(bytes.buffer, bytes.byteOffset, bytes.length),
      rootLengthAt,
      rootAt: rootLengthAt + ROOT_LENGTH_WIDTH,
    };
  }

  text(field: number, value: string): void {
    this.#writer.text(field, value);
  }

  number(field: number, value: number): void {
    this.#writer.number(field, value);
  }

  attribute(key: string, value: Value): void {
    this.#writer.attribute(Field.span.attributes, key, value);
  }

  /** An integer from a cell. */
  attributeFrom(key: string, cell: number): void {
    this.#gap(this.#writer.paddedAttribute(Field.span.attributes, key, 0, CELL), cell);
  }

  /** The size of each log in bytes, and its position in its stream. */
  logSize(key: string): void {
    const at = this.#writer.paddedAttribute(Field.span.attributes, key, 0, SIZE_WIDTH);
    this.#patch(at, PatchKind.size);
  }

  logOffset(key: string): void {
    const at = this.#writer.paddedAttributeValueFirst(Field.span.attributes, key, 0, OFFSET_WIDTH);
    this.#patch(at, PatchKind.offset);
  }

  /** Text of `start`, 8 characters from a cell, a hyphen, and each log's position as 12 hexadecimal digits. */
  logUid(key: string, start: string, cell: number): void {
    const open = `${start}${'0'.repeat(CELL)}-`;
    const at = this.#writer.openText(Field.span.attributes, key, open, UID_DIGITS);
    this.#gap(at - 1 - CELL, cell);
    this.#patch(at, PatchKind.uid);
  }

  event(name: string, cell: number, attributes: Readonly<Record<string, Value>> = {}): void {
    const writer = this.#writer;
    const isShort = Buffer.byteLength(name) <= SHORT_EVENT_NAME && Object.keys(attributes).length === 0;
    writer.message(Field.span.events, isShort ? SHORT_EVENT_LENGTH_WIDTH : EVENT_LENGTH_WIDTH, () => {
      this.#gap(writer.fixed64(Field.event.time), cell);
      writer.text(Field.event.name, name);
      for (const [key, value] of Object.entries(attributes)) {
        writer.attribute(Field.event.attributes, key, value);
      }
    });
  }

  /** A link to the span whose ids are in two cells and one. */
  link(traceCell: number, spanCell: number): void {
    const writer = this.#writer;
    writer.message(Field.span.links, 1, () => {
      this.#traceId(writer.bytesOf(Field.link.traceId, 16), { cell: traceCell });
      this.#gap(writer.bytesOf(Field.link.spanId, CELL), spanCell);
    });
  }

  failed(message: string): void {
    const writer = this.#writer;
    writer.message(Field.span.status, STATUS_LENGTH_WIDTH, () => {
      writer.text(Field.status.message, message);
      writer.number(Field.status.code, StatusCode.error);
    });
  }

  /** Returns the offset of the span's length. Ids come first, so that whoever cuts or links runs finds them. */
  #span(head: SpanHead, width: number, write: () => void): number {
    const writer = this.#writer;
    this.#spans++;
    return writer.message(Field.scopeSpans.spans, width, () => {
      this.#traceId(writer.bytesOf(Field.span.traceId, 16), head.trace);
      this.#spanId(Field.span.spanId, head.id);
      if (head.parent !== null) this.#spanId(Field.span.parentSpanId, head.parent);
      writer.text(Field.span.name, head.name);
      writer.number(Field.span.kind, head.kind);
      this.#gap(writer.fixed64(Field.span.start), head.start);
      this.#gap(writer.fixed64(Field.span.end), head.end);
      writer.fixed32(Field.span.flags, head.parent === 'incoming' ? REMOTE_PARENT_FLAGS : FLAGS);
      write();
    });
  }

  #traceId(at: number, trace: SpanHead['trace']): void {
    if (trace === 'incoming') this.#patch(at, PatchKind.incomingTraceId);
    else if ('cell' in trace) {
      this.#gap(at, trace.cell);
      this.#gap(at + CELL, trace.cell + 1);
    } else {
      this.#gap(at, trace.prefix);
      this.#patch(at + CELL, PatchKind.spanId);
    }
  }

  #spanId(field: number, id: Id): void {
    const at = this.#writer.bytesOf(field, CELL);
    if (id === 'incoming') this.#patch(at, PatchKind.incomingParentSpanId);
    else if ('log' in id) this.#patch(at, PatchKind.spanId, id.log);
    else this.#gap(at, id.cell);
  }

  #gap(at: number, cell: number): void {
    this.#gaps.push(at, cell);
  }

  #patch(at: number, kind: SpanPatch['kind'], argument = 0): void {
    this.#patches.push({ at, kind, argument });
  }
}
