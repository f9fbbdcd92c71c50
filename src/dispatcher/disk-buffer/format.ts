/**
 * Format of a disk buffer's files (docs/disk-buffer.md): frames one behind the other, each a header of 32 bytes and a
 * payload. All numbers are little-endian. Checksums are CRC-32 (zlib's), begun at the file's nonce, so that log text that
 * looks like a frame is none.
 *
 * | byte | header |
 * |-|-|
 * | 0 | `LCF1` |
 * | 4 | u32 length of the payload |
 * | 8 | u32 checksum of the payload |
 * | 12 | u32 records |
 * | 16 | u64 number of the frame, counting up over all files of the buffer |
 * | 24 | u32 0 |
 * | 28 | u32 checksum of the 28 bytes before |
 */
import { crc32 } from 'node:zlib';

export const HEADER_BYTES = 32;
/** `LCF1` as a little-endian number. */
const MAGIC = 0x3146434c;
export const MAGIC_BYTES = Buffer.from('LCF1', 'latin1');
/** Largest payload: far more than a batch can make, so that a length beyond it is damage. */
export const MAX_PAYLOAD_BYTES = 2 ** 30;

export interface FrameHeader {
  readonly length: number;
  readonly checksum: number;
  readonly records: number;
  readonly number: number;
}

/** Writes the header of the payload that lies behind it in `frame`. */
export function writeHeader(
  frame: Buffer,
  { length, records, number, nonce }: { length: number; records: number; number: number; nonce: number },
): void {
  frame.writeUInt32LE(MAGIC, 0);
  frame.writeUInt32LE(length, 4);
  frame.writeUInt32LE(crc32(frame.subarray(HEADER_BYTES, HEADER_BYTES + length), nonce), 8);
  frame.writeUInt32LE(records, 12);
  frame.writeBigUInt64LE(BigInt(number), 16);
  frame.writeUInt32LE(0, 24);
  frame.writeUInt32LE(crc32(frame.subarray(0, 28), nonce), 28);
}

/** The header that lies at the beginning of `bytes`; undefined when there is none, or it is damaged. */
export function readHeader(bytes: Buffer, nonce: number): FrameHeader | undefined {
  if (bytes.length < HEADER_BYTES || bytes.readUInt32LE(0) !== MAGIC) return undefined;
  if (bytes.readUInt32LE(28) !== crc32(bytes.subarray(0, 28), nonce)) return undefined;
  const length = bytes.readUInt32LE(4);
  if (length > MAX_PAYLOAD_BYTES) return undefined;
  return {
    length,
    checksum: bytes.readUInt32LE(8),
    records: bytes.readUInt32LE(12),
    number: Number(bytes.readBigUInt64LE(16)),
  };
}

export function isIntact(payload: Buffer, header: FrameHeader, nonce: number): boolean {
  return payload.length === header.length && crc32(payload, nonce) === header.checksum;
}

/** A file's place in the order of the buffer's files, and what its checksums begin at. */
export interface FileName {
  readonly number: number;
  readonly nonce: number;
}

const NAME = /^(\d{10})-([0-9a-f]{8})\.buf$/;

export function nameOf({ number, nonce }: FileName): string {
  return `${String(number).padStart(10, '0')}-${nonce.toString(16).padStart(8, '0')}.buf`;
}

/** Undefined when it is no name of a buffer's file. */
export function parseName(name: string): FileName | undefined {
  const match = NAME.exec(name);
  return match === null ? undefined : { number: Number(match[1]), nonce: Number.parseInt(match[2]!, 16) };
}
