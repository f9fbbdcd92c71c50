/**
 * Where everything lies in kernel memory. Plain arithmetic, called once by `Kernel.create`.
 * Everything starts at a multiple of 64 and has `SLACK` bytes behind it, because the kernel works in steps of 16 to
 * 64 bytes and may read, and in regions it writes to also overwrite, that much behind the end.
 */

import { ContextRow } from './context-row.ts';
import type { KernelOptions } from './options.ts';

export const SLACK = 64;
export const PAGE = 65_536;
/** WebAssembly addresses have 32 bits. */
const MAX_MEMORY = 2 ** 32;
/** One to fill, one to send, one to read into. */
const MIN_SLOTS = 3;
/** Bodies in flight over all sinks: as many as can be addressed, within these bounds. Only those in use take memory of the machine. */
const MAX_OUTPUTS = 32;
const MIN_OUTPUTS = 4;
/** Bytes of the snappy encoder's table (assembly/snappy.ts). */
const SNAPPY_TABLE = PAGE;
/** Addresses of names, u32, that assembly/contexts.ts notes of the 4 KiB it searches at once, and of the 64 bytes behind. */
const CONTEXT_NAMES = 4 * (4096 + 64);
/** Largest template of spans. */
export const MAX_TEMPLATE_BYTES = 2 ** 18;
export const MAX_PATCHES = 1024;
/** Bytes in which records may differ for their checksum to be computed; a table of 1 KiB each. */
export const MAX_CHECKED_BYTES = 64;
const REGISTER_TABLES = 4;
const TABLE_BYTES = 1024;
/** Bytes of the links from a batch's span to roots of its logs. */
export const LINK_BYTES = 30;
export const MAX_LINKS = 128;
/** Address and length of an id, u32 each. */
export const ID_REGION_BYTES = 8;
/** Ids stamped into a record: a trace id and a span id. */
const IDS_PER_RECORD = 2;
/** Most that an encoder adds to a record: tags, lengths, times, severity, flags, ids. */
const ENCODED_OVERHEAD = 144;

/** Addresses of one slot's bytes and columns. */
export interface SlotLayout {
  readonly address: number;
  readonly starts: number;
  readonly lengths: number;
  readonly flags: number;
  readonly severities: number;
  readonly timestamps: number;
  readonly contexts: number;
}

/** Addresses of a template of spans. */
export interface TemplateLayout {
  /** What there is, u32: address and length, then address and end of the patches, or what assembly/uniform-spans.ts reads. */
  readonly head: number;
  readonly bytes: number;
  readonly patches: number;
}

/** Addresses of what assembly/checksum.ts reads. */
export interface ChecksumLayout {
  /** Six u32: constant, register, tables, stretches of 8 bytes, of 4 bytes, their end. */
  readonly head: number;
  readonly stretches: number;
  readonly tables: number;
}

interface Extent {
  readonly address: number;
  readonly capacity: number;
}

export interface Layout {
  /** Small results of a call. */
  readonly results: number;
  readonly snappyTable: number;
  /** What assembly/contexts.ts works with. */
  readonly contextNames: number;
  /** u32 indexes of a selection that is a list. */
  readonly rows: number;
  /** What and how to stamp (assembly/stamp.ts). */
  readonly stamp: number;
  /** As `rows`, of the rows to stamp, and one more. */
  readonly stampedRows: number;
  /** `ID_REGION_BYTES` each. */
  readonly idRegions: number;
  readonly idRegionsRoom: number;
  readonly template: TemplateLayout;
  readonly checksum: ChecksumLayout;
  readonly links: Extent;
  readonly slots: readonly SlotLayout[];
  readonly scratch: Extent;
  readonly blobStarts: number;
  readonly blobLengths: number;
  readonly blobs: Extent;
  readonly outputs: readonly Extent[];
  readonly spans: Extent;
  /** Size of the whole memory. */
  readonly pages: number;
}

/** Largest result of snappy for `length` bytes (google/snappy, MaxCompressedLength). */
export function snappyBound(length: number): number {
  return 32 + length + Math.ceil(length / 6);
}

/** Throws a RangeError that says which setting to change. */
export function layOut(options: KernelOptions): Layout {
  const { memoryBytes, slotBytes, slotRecords } = options;
  let end = 0;
  const place = (size: number) => {
    const address = Math.ceil(end / SLACK) * SLACK;
    end = address + size + SLACK;
    return address;
  };

  // The module's own constants lie in the first page.
  end = PAGE / 2;
  const results = place(64);
  end = PAGE;
  const snappyTable = place(SNAPPY_TABLE);
  const contextNames = place(CONTEXT_NAMES);
  const rows = place(slotRecords * 4);
  const stamp = place(64);
  const stampedRows = place((slotRecords + 1) * 4);
  const idRegionsRoom = slotRecords * IDS_PER_RECORD;
  const idRegions = place(idRegionsRoom * ID_REGION_BYTES);
  const template = { head: place(64), bytes: place(MAX_TEMPLATE_BYTES), patches: place(MAX_PATCHES * 4) };
  const checksum = {
    head: place(24),
    stretches: place(MAX_CHECKED_BYTES),
    tables: place((REGISTER_TABLES + MAX_CHECKED_BYTES) * TABLE_BYTES),
  };
  const links = { address: place(MAX_LINKS * LINK_BYTES), capacity: MAX_LINKS * LINK_BYTES };

  const before = end;
  const placeSlot = (): Omit<SlotLayout, 'contexts'> => ({
    address: place(slotBytes),
    starts: place(slotRecords * 4),
    lengths: place(slotRecords * 4),
    flags: place(slotRecords),
    severities: place(slotRecords),
    timestamps: place(slotRecords * 8),
  });
  const first = placeSlot();
  const slotSize = Math.ceil(end / SLACK) * SLACK - Math.ceil(before / SLACK) * SLACK;
  const count = Math.floor(memoryBytes / slotSize);
  if (!(count >= MIN_SLOTS)) {
    throw new RangeError(
      `dispatcher.memory (${memoryBytes} bytes) holds ${Math.max(0, count) || 0} batches of dispatcher.batch_bytes ${slotBytes} and ` +
        `dispatcher.batch_size ${slotRecords} (${slotSize} bytes each); set it to at least ${MIN_SLOTS * slotSize}, or make batches smaller`,
    );
  }
  const counted = [first];
  while (counted.length < count) counted.push(placeSlot());
  // Not counted: pages of contexts that no log comes with are never touched, so they take no memory of the machine.
  const slots = counted.map((slot) => ({ ...slot, contexts: place(slotRecords * ContextRow.size) }));

  const bodyBytes = 2 * slotBytes + slotRecords * ENCODED_OVERHEAD + PAGE;
  const extent = (capacity: number): Extent => ({ address: place(capacity), capacity });
  const scratch = extent(bodyBytes);
  const blobStarts = place(slotRecords * 4);
  const blobLengths = place(slotRecords * 4);
  const blobs = extent(bodyBytes);
  const spans = extent(options.spanBytes ?? 0);
  const outputBytes = snappyBound(bodyBytes);
  const addressable = Math.floor((MAX_MEMORY - PAGE - end) / (outputBytes + 2 * SLACK));
  const outputs: Extent[] = [];
  while (outputs.length < Math.max(MIN_OUTPUTS, Math.min(MAX_OUTPUTS, addressable)))
    outputs.push(extent(outputBytes));
  if (end > MAX_MEMORY) {
    throw new RangeError(
      `dispatcher.memory (${memoryBytes} bytes) with tracing.store.memory (${options.spanBytes ?? 0} bytes) and the buffers for batches of dispatcher.batch_bytes ${slotBytes} and ` +
        `dispatcher.batch_size ${slotRecords} takes ${end} bytes of the ${MAX_MEMORY} that the kernel can address; make it smaller by ${end - MAX_MEMORY}`,
    );
  }
  return {
    results,
    snappyTable,
    contextNames,
    rows,
    stamp,
    stampedRows,
    idRegions,
    idRegionsRoom,
    template,
    checksum,
    links,
    slots,
    scratch,
    blobStarts,
    blobLengths,
    blobs,
    outputs,
    spans,
    pages: Math.ceil(end / PAGE),
  };
}
