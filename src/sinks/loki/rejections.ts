import { PartialError, PermanentError } from '../../component/errors.ts';
import { liveRow } from '../../component/lines.ts';
import type { Delivery } from '../../record/delivery.ts';
import { type Range, runsOf } from './range.ts';

/** Which records of a delivery Loki refused for good, over all its attempts. */
export class Rejections {
  readonly #delivery: Delivery;
  readonly #rows: number[];
  #reason = 'rejected';
  #message = 'refused before the configuration of the sink was changed';
  #isOwn = false;

  constructor(delivery: Delivery) {
    this.#delivery = delivery;
    // A sink that this one has replaced may have sent a part of it.
    this.#rows = [...(delivery.refused ?? [])];
  }

  get count(): number {
    return this.#rows.length;
  }

  add(range: Range, reason: string, message: string): void {
    if (!this.#isOwn) {
      this.#isOwn = true;
      this.#reason = reason;
      this.#message = message;
    }
    for (const { segment, from, count } of runsOf(this.#delivery, range)) {
      for (let i = from; i < from + count; i++) this.#rows.push(liveRow(segment, i));
    }
    this.#delivery.refused = this.#rows;
  }

  /** What to throw at the end of the delivery; undefined when nothing was refused. */
  error(): PartialError | PermanentError | undefined {
    const count = this.#rows.length;
    if (count === 0) return undefined;
    const reason = this.#reason;
    if (count === this.#delivery.records) return new PermanentError(this.#message, { reason });
    const message = `Loki refused ${count} of ${this.#delivery.records} records: ${this.#message}`;
    return new PartialError(message, { reason, count, indexes: this.#rows });
  }
}
