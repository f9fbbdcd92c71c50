/**
 * The hot loops and the memory they work in. Owns every byte of log text that the agent holds; hands out slots and
 * buffers through pools. Never waits, never calls back, keeps no state between calls. Sources, the dispatcher and
 * sinks call it, a batch at a time; one kernel belongs to one thread.
 */

import { type Exports, instantiate } from './exports.ts';
import { ID_REGION_BYTES, type Layout, layOut, PAGE, snappyBound } from './layout.ts';
import type {
  IdRegions,
  KernelOptions,
  LokiOptions,
  OtlpLogOptions,
  RecordBlobs,
  Region,
  ScanResult,
  SnappyOptions,
  StampOptions,
} from './options.ts';
import { Pool } from './pool.ts';
import { type Selection, type Slot, slotAt } from './slot.ts';
import { SpanEncoder } from './span-encoder.ts';
import type { EncodedSpans, SpanOptions } from './span-template.ts';
import { putStamp, regionsEnd } from './stamp.ts';
import type { IdSeed } from './trace-ids.ts';
import { putLength, varintLength } from './varint.ts';

export type {
  IdRegions,
  KernelOptions,
  LokiOptions,
  OtlpLogOptions,
  RecordBlobs,
  Region,
  ScanResult,
  StampOptions,
} from './options.ts';

const NO_REGIONS: SnappyOptions = { regions: null };

export class Kernel {
  /** The whole memory. Records are `bytes.subarray(start, start + length)`. Never detached: the memory never grows. */
  readonly bytes: Buffer;
  readonly slots: Pool<Slot>;
  /** Buffers for request bodies in flight; each holds the largest compressed body. Untouched ones cost no resident memory. */
  readonly outputs: Pool<Region>;
  /** Room for one uncompressed body. Shared: valid only until the caller's next `await`. */
  readonly scratch: Region;
  /** Room for per-record blobs (structured metadata). Shared: valid only until the caller's next `await`. */
  readonly blobs: RecordBlobs;
  readonly idRegions: IdRegions = { count: 0, perRecord: 1 };
  /** Room for encoded spans (`KernelOptions.spanBytes`); pages never written to take no memory of the machine. */
  readonly spans: Region;
  /** Room for the links of one batch's span. */
  readonly links: Region;

  readonly #layout: Layout;
  readonly #wasm: Exports;
  readonly #spanEncoder: SpanEncoder;
  readonly #rows: Uint32Array;
  readonly #stampedRows: Uint32Array;
  readonly #results: Uint32Array;
  /** The whole memory. */
  readonly #words: Uint32Array;

  /** Throws a RangeError when the memory is too small for three slots or larger than WebAssembly can address. */
  static create(options: KernelOptions): Kernel {
    return new Kernel(layOut(options), options);
  }

  private constructor(layout: Layout, options: KernelOptions) {
    const { slotRecords } = options;
    const memory = new WebAssembly.Memory({ initial: layout.pages, maximum: layout.pages });
    const { buffer } = memory;
    const region = ({ address, capacity }: { address: number; capacity: number }): Region => ({
      address,
      capacity,
      bytes: Buffer.from(buffer, address, capacity),
    });
    this.bytes = Buffer.from(buffer, 0, layout.pages * PAGE);
    this.slots = new Pool(layout.slots.map((at, index) => slotAt(buffer, at, index, options)));
    this.outputs = new Pool(layout.outputs.map(region));
    this.scratch = region(layout.scratch);
    this.blobs = {
      starts: new Uint32Array(buffer, layout.blobStarts, slotRecords),
      lengths: new Uint32Array(buffer, layout.blobLengths, slotRecords),
      region: region(layout.blobs),
    };
    this.spans = region(layout.spans);
    this.links = region(layout.links);
    this.#layout = layout;
    this.#wasm = instantiate(memory);
    this.#rows = new Uint32Array(buffer, layout.rows, slotRecords);
    this.#words = new Uint32Array(buffer);
    this.#stampedRows = new Uint32Array(buffer, layout.stampedRows, slotRecords + 1);
    this.#results = new Uint32Array(buffer, layout.results, 2);
    this.#spanEncoder = new SpanEncoder(this.#wasm, layout, this.bytes, this.blobs);
  }

  /**
   * Splits `slot.bytes[from, from+length)` into records, writing rows from `firstRecord` on (start, length, flags).
   * A record ends before LF or CRLF. Lines over `maxRecordBytes` (at least 1) are cut into pieces of exactly that
   * many bytes, already when their end has not been seen, so that a line without end makes progress.
   * `final`: the rest behind the last LF is a record as well, a trailing CR included. Stops early when the columns
   * are full. The result does not depend on how the input is divided over calls, but for `final`.
   */
  scanLines(
    slot: Slot,
    options: { from: number; length: number; firstRecord: number; maxRecordBytes: number; final: boolean },
  ): ScanResult {
    const { from, length, firstRecord, maxRecordBytes, final } = options;
    const count = this.#wasm.scanLines(
      slot.address + from,
      length,
      slot.starts.byteOffset + firstRecord * 4,
      slot.lengths.byteOffset + firstRecord * 4,
      slot.flags.byteOffset + firstRecord,
      slot.maxRecords - firstRecord,
      maxRecordBytes,
      final,
      this.#layout.results,
    );
    return { count, consumed: this.#results[0]!, splits: this.#results[1]! };
  }

  /**
   * Appends `count` records in the first `bytes` bytes of `source` to `target`, whose first `targetBytes`/`targetCount`
   * are in use: bytes, starts, lengths and flags. The caller sees to it that they fit.
   */
  appendRecords(
    target: Slot,
    targetBytes: number,
    targetCount: number,
    source: Slot,
    bytes: number,
    count: number,
  ): void {
    this.#wasm.appendRecords(
      target.address + targetBytes,
      target.starts.byteOffset + targetCount * 4,
      target.lengths.byteOffset + targetCount * 4,
      target.flags.byteOffset + targetCount,
      source.address,
      source.starts.byteOffset,
      source.lengths.byteOffset,
      source.flags.byteOffset,
      bytes,
      count,
    );
  }

  /** Writes each record and its original terminator (LF where it had none) to `out` from `at` on. Returns the new end, or -1 when it does not fit. */
  joinLines(selection: Selection, out: Region, at: number): number {
    const { slot, first } = selection;
    const end = this.#wasm.joinLines(
      slot.starts.byteOffset,
      slot.lengths.byteOffset,
      slot.flags.byteOffset,
      this.#rowsOf(selection),
      first,
      countOf(selection),
      out.address + at,
      out.address + out.capacity,
    );
    return offsetIn(out, end);
  }

  /**
   * Writes one `stream` field of a Loki `PushRequest` (labels and entries) to `out` from `at` on.
   * Record k of the selection has the timestamp `firstNs + k`, or that of the slot's column where `useTimestamps` and it is not 0.
   * Blob of a record: encoded `structuredMetadata` fields (3). Returns the new end, or -1 when it does not fit.
   * With `stamp` the places of the ids are appended to `idRegions`: throws a RangeError when they do not fit.
   */
  lokiStream(selection: Selection, out: Region, at: number, options: LokiOptions): number {
    const { labels, firstNs } = options;
    const { slot, first } = selection;
    const rows = this.#rowsOf(selection);
    const count = countOf(selection);
    const timestamps = options.useTimestamps ? slot.timestamps.byteOffset : 0;
    const blobLengths = options.useBlobs ? this.blobs.lengths.byteOffset : 0;
    const { starts, lengths } = slot;
    const stamp = this.#stampOf(selection, options.stamp ?? null);
    const entries = this.#wasm.lokiEntriesSize(
      lengths.byteOffset,
      timestamps,
      blobLengths,
      rows,
      first,
      count,
      firstNs,
      stamp,
    );
    const labelBytes = Buffer.byteLength(labels);
    const size = (labelBytes === 0 ? 0 : 1 + varintLength(labelBytes) + labelBytes) + entries;
    if (at + 1 + varintLength(size) + size > out.capacity) return -1;

    // PushRequest.streams = 1; StreamAdapter.labels = 1
    let to = putLength(out.bytes, at, 0x0a, size);
    if (labelBytes > 0) {
      to = putLength(out.bytes, to, 0x0a, labelBytes);
      to += out.bytes.write(labels, to);
    }
    const end = this.#wasm.lokiEntries(
      starts.byteOffset,
      lengths.byteOffset,
      timestamps,
      this.blobs.starts.byteOffset,
      blobLengths,
      rows,
      first,
      count,
      firstNs,
      out.address + to,
      stamp,
    );
    if (stamp !== 0) {
      this.idRegions.count = (regionsEnd(this.#words, stamp) - this.#layout.idRegions) / ID_REGION_BYTES;
    }
    return offsetIn(out, end);
  }

  /**
   * Writes the `log_records` fields of OTLP's `ScopeLogs` to `out` from `at` on; the body is `string_value`, or
   * `bytes_value` where the text is not valid UTF-8. Returns the new end, or -1 when it does not fit.
   */
  otlpLogRecords(selection: Selection, out: Region, at: number, options: OtlpLogOptions): number {
    if (at + this.otlpLogRecordsSize(selection, options) > out.capacity) return -1;
    const { slot, first } = selection;
    const end = this.#wasm.otlpLogRecords(
      slot.starts.byteOffset,
      slot.lengths.byteOffset,
      options.useTimestamps ? slot.timestamps.byteOffset : 0,
      options.useSeverities ? slot.severities.byteOffset : 0,
      this.blobs.starts.byteOffset,
      options.useBlobs ? this.blobs.lengths.byteOffset : 0,
      this.#rowsOf(selection),
      first,
      countOf(selection),
      options.firstNs,
      options.observedNs,
      out.address + at,
    );
    return offsetIn(out, end);
  }

  /** How many bytes `otlpLogRecords` writes, for the lengths of the messages around them. */
  otlpLogRecordsSize(selection: Selection, options: OtlpLogOptions): number {
    const { slot, first } = selection;
    return this.#wasm.otlpLogRecordsSize(
      slot.lengths.byteOffset,
      options.useTimestamps ? slot.timestamps.byteOffset : 0,
      options.useSeverities ? slot.severities.byteOffset : 0,
      options.useBlobs ? this.blobs.lengths.byteOffset : 0,
      this.#rowsOf(selection),
      first,
      countOf(selection),
      options.firstNs,
      options.observedNs,
    );
  }

  /** Writes the UTF-8 bytes as the inside of a JSON string (no quotes); invalid UTF-8 becomes U+FFFD. Returns the new end, or -1. */
  escapeJson(start: number, length: number, out: Region, at: number): number {
    const end = this.#wasm.escapeJson(start, length, out.address + at, out.address + out.capacity);
    return offsetIn(out, end);
  }

  /**
   * Writes the spans of the selection's records to `out`, a copy of the template for each, with its ids, size and position
   * filled in. Stops when the next record's spans do not fit. Throws a RangeError when the template is too large.
   */
  encodeSpans(
    selection: Selection,
    options: SpanOptions,
    out: Pick<Region, 'address' | 'capacity'>,
  ): EncodedSpans {
    return this.#spanEncoder.encode(selection, this.#rowsOf(selection), countOf(selection), options, out);
  }

  /**
   * Looks in the records' JSON text for W3C trace contexts and fills the slot's `contexts` column for every selected row;
   * returns how many have one. That is the first valid `"traceparent": "00-…-…-…"`, else `"trace_id"` (32 digits) and
   * `"span_id"` (16 digits), both needed, with `"trace_flags"` (2 digits or a number up to 255). Names count at any depth,
   * digits in either case, ids of zeros not at all.
   */
  extractContexts(selection: Selection): number {
    const { slot, first } = selection;
    return this.#wasm.extractContexts(
      slot.starts.byteOffset,
      slot.lengths.byteOffset,
      slot.contexts.byteOffset,
      this.#rowsOf(selection),
      first,
      countOf(selection),
      this.#layout.contextNames,
    );
  }

  /**
   * Whether the records' text may hold the name `"traceparent"` or `"trace_flags"`, without which no context of `extractContexts`
   * says whether it is sampled; it takes half the time.
   */
  maySaySampled(selection: Selection): boolean {
    const { slot, first } = selection;
    const rows = this.#rowsOf(selection);
    const { starts, lengths } = slot;
    return (
      this.#wasm.maySaySampled(starts.byteOffset, lengths.byteOffset, rows, first, countOf(selection)) !== 0
    );
  }

  /** Trace id, 16 bytes, of a record without a context; see trace-ids.ts. */
  traceId({ prefix, seed }: IdSeed, threshold: bigint, row: number): Buffer {
    const id = Buffer.alloc(16);
    id.writeBigUInt64BE(prefix);
    id.set(this.spanId(seed, threshold, row, 0), 8);
    return id;
  }

  /** Span id `n` (0 to 13; 0 is the root), 8 bytes, of a record. */
  spanId(seed: bigint, threshold: bigint, row: number, n: number): Buffer {
    const { results } = this.#layout;
    this.#wasm.putSpanId(seed, threshold, row, n, results);
    return Buffer.from(this.bytes.subarray(results, results + 8));
  }

  /**
   * Snappy block format. Returns the compressed length. `out` must hold 32 + length + length / 6 bytes.
   * `regions`: where `source` holds ids, which are not searched for repetitions.
   */
  snappy(source: Region, length: number, out: Region, { regions }: SnappyOptions = NO_REGIONS): number {
    if (out.capacity < snappyBound(length)) {
      throw new RangeError(
        `snappy: ${length} bytes may grow to ${snappyBound(length)}, the region holds ${out.capacity}`,
      );
    }
    const end = this.#wasm.snappy(
      source.address,
      length,
      out.address,
      this.#layout.snappyTable,
      this.#layout.idRegions,
      regions?.count ?? 0,
      regions?.perRecord ?? 1,
    );
    return (end >>> 0) - out.address;
  }

  /** Address of what `lokiStream` stamps; 0: nothing. */
  #stampOf(selection: Selection, options: StampOptions | null): number {
    if (options === null) return 0;
    const { stamp, idRegions, idRegionsRoom } = this.#layout;
    const perRecord = options.spanIds ? 2 : 1;
    const { count } = this.idRegions;
    if (count + perRecord * countOf(selection) > idRegionsRoom) {
      throw new RangeError(
        `idRegions holds ${count} of ${idRegionsRoom} regions: set its count to 0 before every body`,
      );
    }
    this.idRegions.perRecord = perRecord;
    const next = idRegions + count * ID_REGION_BYTES;
    putStamp(this.#words, stamp, options, selection.slot, this.#stampedRows, next);
    return stamp;
  }

  /** Address of the selection's list of rows, brought into kernel memory; 0 when they are consecutive. */
  #rowsOf({ live }: Selection): number {
    if (live === null) return 0;
    this.#rows.set(live);
    return this.#rows.byteOffset;
  }
}

function countOf({ live, count }: Selection): number {
  return live === null ? count : live.length;
}

/** What the kernel returned for an end (0: it did not fit) as an offset in the region. */
function offsetIn(out: Region, end: number): number {
  return end === 0 ? -1 : (end >>> 0) - out.address;
}
