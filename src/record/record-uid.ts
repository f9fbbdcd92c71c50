/**
 * `log.record.uid`: tells a log from every other of this host, and a line from one that stood at the same place of a file
 * before it was replaced. Stream, time of reading and position: `1f2e3d4c-lq3k2j1h-0000000000b2`. Waterfall templates of
 * spans hold its first two parts; compact spans leave it out, and the store of traces adds it to what it shows; dead
 * letters carry it.
 */
import type { Stream } from './stream.ts';

/** Digits of the position. */
export const UID_DIGITS = 12;

/** 8 hexadecimal digits that tell streams apart: FNV-1a of 32 bits (draft-eastlake-fnv) over source and id. */
export function streamHash({ source, id }: Pick<Stream, 'source' | 'id'>): string {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(`${source}\0${id}`)) hash = Math.imul(hash ^ byte, 0x01000193);
  return (hash >>> 0).toString(16).padStart(8, '0');
}

/** Milliseconds since 1970 in 8 characters of base 36, which last until the year 2059. */
export function textOfTime(ms: number): string {
  // In halves that are small integers: their digits are found many times as fast.
  const high = Math.floor(ms / 36 ** 4);
  const low = Math.floor(ms) - high * 36 ** 4;
  return digits36(high % 36 ** 4) + digits36(low);
}

function digits36(number: number): string {
  return number.toString(36).padStart(4, '0');
}

/** @param readAtMs milliseconds since 1970. @param offset position in the stream; its low 48 bits count. */
export function recordUid(stream: Pick<Stream, 'source' | 'id'>, readAtMs: number, offset: bigint): string {
  const position = BigInt.asUintN(4 * UID_DIGITS, offset)
    .toString(16)
    .padStart(UID_DIGITS, '0');
  return `${streamHash(stream)}-${textOfTime(readAtMs)}-${position}`;
}
