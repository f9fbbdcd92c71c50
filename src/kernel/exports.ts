/** What `kernel.wasm` exports, as JavaScript sees it: addresses come back signed, u64 as bigint. */

import { readFileSync } from 'node:fs';

/** Columns and rows to encode: addresses; 0 where a column is not used or the rows are consecutive. */
export interface Exports {
  scanLines(
    from: number,
    length: number,
    starts: number,
    lengths: number,
    flags: number,
    room: number,
    maxRecordBytes: number,
    final: boolean,
    result: number,
  ): number;
  appendRecords(
    to: number,
    toStarts: number,
    toLengths: number,
    toFlags: number,
    from: number,
    fromStarts: number,
    fromLengths: number,
    fromFlags: number,
    bytes: number,
    count: number,
  ): void;
  joinLines(
    starts: number,
    lengths: number,
    flags: number,
    rows: number,
    first: number,
    count: number,
    to: number,
    limit: number,
  ): number;
  lokiEntriesSize(
    lengths: number,
    timestamps: number,
    blobLengths: number,
    rows: number,
    first: number,
    count: number,
    firstNs: bigint,
    stamp: number,
  ): number;
  lokiEntries(
    starts: number,
    lengths: number,
    timestamps: number,
    blobStarts: number,
    blobLengths: number,
    rows: number,
    first: number,
    count: number,
    firstNs: bigint,
    to: number,
    stamp: number,
  ): number;
  otlpLogRecordsSize(
    lengths: number,
    timestamps: number,
    severities: number,
    blobLengths: number,
    rows: number,
    first: number,
    count: number,
    firstNs: bigint,
    observedNs: bigint,
  ): number;
  otlpLogRecords(
    starts: number,
    lengths: number,
    timestamps: number,
    severities: number,
    blobStarts: number,
    blobLengths: number,
    rows: number,
    first: number,
    count: number,
    firstNs: bigint,
    observedNs: bigint,
    to: number,
  ): number;
  escapeJson(from: number, length: number, to: number, limit: number): number;
  putSpanId(seed: bigint, threshold: bigint, row: number, n: number, to: number): void;
  maySaySampled(starts: number, lengths: number, rows: number, first: number, count: number): number;
  extractContexts(
    starts: number,
    lengths: number,
    contexts: number,
    rows: number,
    first: number,
    count: number,
    names: number,
  ): number;
  encodeSpans(
    starts: number,
    lengths: number,
    contexts: number,
    blobStarts: number,
    blobLengths: number,
    rows: number,
    first: number,
    count: number,
    base: number,
    from: number,
    seed: bigint,
    threshold: bigint,
    template: number,
    to: number,
    limit: number,
    checksum: number,
    result: number,
  ): number;
  encodeUniformSpans(
    run: number,
    from: number,
    seed: bigint,
    threshold: bigint,
    to: number,
    checksum: number,
  ): number;
  snappy(
    from: number,
    length: number,
    to: number,
    table: number,
    regions: number,
    regionCount: number,
    period: number,
  ): number;
}

let compiled: WebAssembly.Module | undefined;

/** A new instance on `memory`. Synchronous: the module has a few KiB. */
export function instantiate(memory: WebAssembly.Memory): Exports {
  compiled ??= new WebAssembly.Module(readFileSync(new URL('./kernel.wasm', import.meta.url)));
  return new WebAssembly.Instance(compiled, { env: { memory } }).exports as unknown as Exports;
}
