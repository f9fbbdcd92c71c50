import type { Slot } from '../slot.ts';

/** Twin of `Kernel.appendRecords`. */
export function appendRecords(
  target: Slot,
  targetBytes: number,
  targetCount: number,
  source: Slot,
  bytes: number,
  count: number,
): void {
  for (let i = 0; i < bytes; i++) target.bytes[targetBytes + i] = source.bytes[i]!;
  for (let i = 0; i < count; i++) {
    target.starts[targetCount + i] = source.starts[i]! - source.address + target.address + targetBytes;
    target.lengths[targetCount + i] = source.lengths[i]!;
    target.flags[targetCount + i] = source.flags[i]!;
  }
}
