/**
 * When the way of each segment of a batch ended: with the last attempt of the last sink that tried. What latencies of
 * sources end with, for all who measure them. Reads no clock: the times are on the deliveries.
 */
import type { Batch } from './batch.ts';
import type { Delivery } from './delivery.ts';

/** No sink selected the segment, none tried, or only disk buffers have it so far. */
export const NEVER = Number.NEGATIVE_INFINITY;

/** One for each who asks: it keeps the memory of its answers. */
export class LastAttempts {
  #endings = new Float64Array(64);

  /**
   * Monotonic milliseconds of the `Clock` by `segment.index`, or `NEVER`. Valid until the next call.
   * @param deliveries of the batch, settled; in a disk buffer nothing has ended yet, so what is stored does not count.
   */
  of({ segments }: Pick<Batch, 'segments'>, deliveries: readonly Delivery[]): Float64Array {
    if (this.#endings.length < segments.length) this.#endings = new Float64Array(segments.length * 2);
    const endings = this.#endings.fill(NEVER, 0, segments.length);
    for (const { segments: selected, attempts, stored } of deliveries) {
      const endedAt = attempts.at(-1)?.endedAt;
      if (endedAt === undefined || stored) continue;
      for (const { index } of selected) {
        if (endedAt > endings[index]!) endings[index] = endedAt;
      }
    }
    return endings;
  }
}
