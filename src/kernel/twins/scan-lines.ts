import { RecordFlag } from '../slot.ts';
import type { TwinRecord } from './record.ts';

/** Twin of `Kernel.scanLines`: one line after the other. */
export function scanLines(
  bytes: Uint8Array,
  { room, maxRecordBytes, final }: { room: number; maxRecordBytes: number; final: boolean },
) {
  const wanted: TwinRecord[] = [];
  const ends: number[] = [];
  const add = (start: number, length: number, flags: number, end: number) => {
    wanted.push({ start, length, flags });
    ends.push(end);
  };
  /** All pieces but the last; returns where the last starts. */
  const cut = (start: number, stop: number): number => {
    let at = start;
    for (; stop - at > maxRecordBytes; at += maxRecordBytes) {
      add(at, maxRecordBytes, RecordFlag.split, at + maxRecordBytes);
    }
    return at;
  };

  let start = 0;
  for (let lf = bytes.indexOf(10); lf >= 0; lf = bytes.indexOf(10, start)) {
    const stop = lf > start && bytes[lf - 1] === 13 ? lf - 1 : lf;
    const last = cut(start, stop);
    add(last, stop - last, 0, lf + 1);
    start = lf + 1;
  }
  if (start < bytes.length) {
    const mayBeTerminator = !final && bytes.at(-1) === 13;
    const last = cut(start, bytes.length - (mayBeTerminator ? 1 : 0));
    if (final) add(last, bytes.length - last, RecordFlag.unterminated, bytes.length);
  }

  const records = wanted.slice(0, room);
  const splits = records.filter(({ flags }) => flags === RecordFlag.split).length;
  return { records, splits, consumed: records.length === 0 ? 0 : ends[records.length - 1]! };
}
