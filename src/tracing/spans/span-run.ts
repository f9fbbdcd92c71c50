/**
 * Encodes the spans of some logs of a batch as one run, all from one template: as they are, or compressed
 * (deflated-template.ts), and gives compressed ones back. Used by log-span-writer.ts and by whoever reads spans.
 */
import { constants, crc32, inflateRawSync } from 'node:zlib';
import type { Kernel } from '../../kernel/kernel.ts';
import type { Selection } from '../../kernel/slot.ts';
import type { SpanTemplate } from '../../kernel/span-template.ts';
import type { Deflated } from '../store/run.ts';
import type { DeflatedTemplate } from './deflated-template.ts';

/** A stored block before its content: a byte that says that it is one, its length, and the length's complement. */
export const STORED_HEAD = 5;

/** Some logs and what goes into their spans. */
export interface RunSource {
  readonly selection: Selection;
  readonly seed: bigint;
  readonly threshold: bigint;
  /** Position in the stream of the record in the selection's row `first`. */
  readonly from: number;
}

/** A position's varint has its low 28 bits in its first 4 bytes, and 4 more. */
const LOW_POSITIONS = 2 ** 28;
const SHARED = 4;

type SpanKernel = Pick<Kernel, 'encodeSpans' | 'spans'>;

/** Bytes that `encodeDeflated` needs at most. */
export function deflatedBound(records: number, recordBytes: number, deflated: DeflatedTemplate): number {
  const { head, bytes, tail } = deflated;
  return STORED_HEAD + recordBytes + head.length + (records - 1) * bytes.length + tail.length;
}

/** Encodes into the kernel's memory for spans, at `at`, of which `capacity` bytes are free; returns the bytes written. */
export function encodePlain(
  kernel: SpanKernel,
  { selection, seed, threshold, from }: RunSource,
  template: SpanTemplate,
  useBlobs: boolean,
  { at, capacity }: { at: number; capacity: number },
): number {
  const out = { address: kernel.spans.address + at, capacity };
  return kernel.encodeSpans(selection, { seed, threshold, from, template, useBlobs, checksum: null }, out)
    .bytes;
}

/** The same compressed, of two records at least for which `sharesPositions` holds; there must be room for `deflatedBound`. */
export function encodeDeflated(
  kernel: SpanKernel,
  source: RunSource,
  { template, deflated }: { template: SpanTemplate; deflated: DeflatedTemplate },
  { at, capacity }: { at: number; capacity: number },
): { bytes: number; deflated: Deflated } {
  const { bytes } = kernel.spans;
  const record = template.bytes.length;
  const [first, others] = divide(source);
  putStoredHead(bytes, at, record);
  let end = at + STORED_HEAD;
  end += encodePlain(kernel, first, template, false, { at: end, capacity: record });
  const firstRecord = bytes.subarray(end - record, end);
  const register = registerOf(firstRecord);
  end += deflated.head.copy(bytes, end);
  const { sharedAt } = deflated;
  // What all records have in common is in the template when its register is computed.
  if (sharedAt >= 0) firstRecord.copy(template.bytes, sharedAt, sharedAt, sharedAt + SHARED);
  const constant = registerOf(template.bytes);
  const rest = kernel.encodeSpans(
    others.selection,
    {
      seed: others.seed,
      threshold: others.threshold,
      from: others.from,
      template: deflated,
      useBlobs: false,
      checksum: { record: deflated.checksum(), constant, register },
    },
    { address: kernel.spans.address + end, capacity: at + capacity - end },
  );
  end += rest.bytes - deflated.jointBytes;
  end += deflated.tail.copy(bytes, end);
  return { bytes: end - at, deflated: { length: (1 + rest.rows) * record, register: rest.register } };
}

/** The spans of a run as OTLP has them, in memory of their own where they had to be decompressed. */
export function plainSpans({ bytes, deflated }: { bytes: Buffer; deflated: Deflated | null }): Buffer {
  if (deflated === null) return bytes;
  return inflateRawSync(bytes, { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: deflated.length });
}

/** The first log, and the others. */
function divide({ selection, seed, threshold, from }: RunSource): [RunSource, RunSource] {
  const { slot, first, count, live } = selection;
  if (live !== null) {
    const part = (rows: Uint32Array): RunSource => ({
      selection: { slot, first, count, live: rows },
      seed,
      threshold,
      from,
    });
    return [part(live.subarray(0, 1)), part(live.subarray(1))];
  }
  const next = first + 1;
  const nextFrom = from + slot.starts[next]! - slot.starts[first]!;
  return [
    { selection: { slot, first, count: 1, live }, seed, threshold, from },
    { selection: { slot, first: next, count: count - 1, live }, seed, threshold, from: nextFrom },
  ];
}

/** Whether the records' positions have their upper halves in common; of a stream at full speed, all but one run in hundreds do. */
export function sharesPositions({ selection, from }: RunSource): boolean {
  const { slot, first, count, live } = selection;
  const [one, last] = live === null ? [first, first + count - 1] : [live[0]!, live.at(-1)!];
  const start = from - slot.starts[first]!;
  const above = (row: number) => Math.floor((start + slot.starts[row]!) / LOW_POSITIONS);
  return above(one) === above(last);
}

/** The register (kernel/crc32.ts) that these bytes leave, from 0. */
function registerOf(bytes: Buffer): number {
  return ~crc32(bytes, 0xffffffff) >>> 0;
}

/** @param length up to 65,535. */
export function putStoredHead(bytes: Buffer, at: number, length: number): void {
  bytes[at] = 0;
  bytes.writeUInt16LE(length, at + 1);
  bytes.writeUInt16LE(~length & 0xffff, at + 3);
}
