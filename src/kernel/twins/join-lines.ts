import { RecordFlag } from '../slot.ts';
import type { TwinRecord } from './record.ts';

/** Twin of `Kernel.joinLines`. */
export function joinLines(memory: Uint8Array, records: readonly TwinRecord[]): Buffer {
  const parts = records.map(({ start, length, flags }) => {
    const end = start + length;
    const line = memory.subarray(start, end);
    const hasTerminator = (flags & (RecordFlag.split | RecordFlag.unterminated)) === 0;
    const isCrLf = hasTerminator && memory[end] === 13 && memory[end + 1] === 10;
    return Buffer.concat([line, Buffer.from(isCrLf ? '\r\n' : '\n')]);
  });
  return Buffer.concat(parts);
}
