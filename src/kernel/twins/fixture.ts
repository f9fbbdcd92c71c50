/** Small kernels and hostile input for the kernel's tests. */

import fc from 'fast-check';
import { Kernel, type KernelOptions } from '../kernel.ts';
import { SLACK } from '../layout.ts';
import type { Slot } from '../slot.ts';
import type { TwinRecord } from './record.ts';

export const SLOT_BYTES = 4096;
export const SLOT_RECORDS = 256;

export function smallKernel(options: Partial<KernelOptions> = {}): Kernel {
  return Kernel.create({
    memoryBytes: 2 ** 18,
    slotBytes: SLOT_BYTES,
    slotRecords: SLOT_RECORDS,
    ...options,
  });
}

/** Bytes of a few log lines, or of what somebody takes for them. */
export const logText = fc
  .array(
    fc.oneof(
      {
        weight: 4,
        arbitrary: fc.constantFrom('\n', '\n', '\r\n', '\r', '').map((text) => Buffer.from(text)),
      },
      {
        weight: 4,
        arbitrary: fc.string({ unit: 'grapheme-ascii', maxLength: 40 }).map((text) => Buffer.from(text)),
      },
      { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 8 }).map((text) => Buffer.from(text)) },
      { weight: 1, arbitrary: fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes)) },
      {
        weight: 1,
        arbitrary: fc
          .constantFrom('\0', '"', '\\', '\u2028', '\u007f', 'é', '世', '😀')
          .map((text) => Buffer.from(text)),
      },
      // Cut, overlong, surrogate, too large.
      {
        weight: 1,
        arbitrary: fc
          .constantFrom('e4b8', 'f09f98', 'c0af', 'e08080', 'eda080', 'f4908080', 'f8', 'bf', 'c3')
          .map((hex) => Buffer.from(hex, 'hex')),
      },
      { weight: 1, arbitrary: fc.integer({ min: 60, max: 300 }).map((length) => Buffer.alloc(length, 'x')) },
    ),
    { maxLength: 24 },
  )
  .map((parts) => Buffer.concat(parts).subarray(0, SLOT_BYTES));

/** What may lie around the bytes, to be read past their ends but never used. */
export const surroundings = fc.constantFrom(0x0a, 0x0d, 0x22, 0x80, 0xff, 0x00, 0x61);

/** Whether the bytes lie at the start of the slot or end where it ends. */
export const placement = fc.constantFrom('start', 'middle', 'end');

/** Puts the bytes into the slot, with `around` before and behind them; returns their offset in the slot. */
export function put(
  kernel: Kernel,
  slot: Slot,
  bytes: Uint8Array,
  place: 'start' | 'middle' | 'end' = 'start',
  around = 0,
): number {
  kernel.bytes.fill(around, slot.address, slot.address + slot.capacity + SLACK);
  const room = slot.capacity - bytes.length;
  const at = place === 'start' ? 0 : place === 'end' ? room : Math.floor(room / 2);
  slot.bytes.set(bytes, at);
  return at;
}

/** The first rows of a slot, as records of kernel memory. */
export function rows(slot: Slot, count: number): TwinRecord[] {
  return Array.from({ length: count }, (_, i) => ({
    start: slot.starts[i]!,
    length: slot.lengths[i]!,
    flags: slot.flags[i]!,
  }));
}

/** A list of some of `count` rows, ascending; null: all. */
export const liveRows = (count: number) =>
  fc.option(
    fc.subarray(Array.from({ length: count }, (_, i) => i)).map((list) => Uint32Array.from(list)),
    { nil: null },
  );
