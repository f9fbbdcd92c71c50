/**
 * Everything the kernel exports. All addresses are absolute, all functions are free of state, and every region they
 * read or write has 64 bytes of slack behind it (layout.ts), which they may read and overwrite.
 */
export { appendRecords } from './append-records';
export { extractContexts, maySaySampled } from './contexts';
export { escapeJson } from './escape-json';
export { joinLines } from './join-lines';
export { lokiEntries, lokiEntriesSize } from './loki';
export { otlpLogRecords, otlpLogRecordsSize } from './otlp-logs';
export { scanLines } from './scan-lines';
export { snappy } from './snappy';
export { encodeSpans } from './spans';
export { putSpanId } from './trace-ids';
export { encodeUniformSpans } from './uniform-spans';
