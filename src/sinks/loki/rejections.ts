import { PartialError, PermanentError } from '../../component/errors.ts';
import { liveRow } from '../../component/lines.ts';
import type { Delivery } from '../../record/delivery.ts';
import { type Range, runsOf } from './range.ts';

/** Which records of a delivery Loki refused for good, over all its attempts. */
export class Rejections {
  readonly #delivery: Delivery;
  readonly #rows: number[] = [];
  #reason = '';
  #message = '';

  constructor(delivery: Delivery) {
    this.#delivery = delivery;
  }

  get count(): number {
    return this.#rows.length;
  }

  add(range: Range, reason: string, message: string): void {
    if (this.#rows.length === 0) {
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
