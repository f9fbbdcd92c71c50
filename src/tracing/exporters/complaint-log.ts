import type { Clock } from '../../component/clock.ts';
import type { Logger } from '../../component/logger.ts';

/** At most one warning in this time, in milliseconds: a backend that is down must not fill the agent's own log. */
const INTERVAL_MS = 60_000;

/** Logs what goes wrong in an exporter, a warning a minute at most, and once when it is over. */
export class ComplaintLog {
  readonly #log: Logger;
  readonly #clock: Clock;
  readonly #fields: object;
  #warnedAt = Number.NEGATIVE_INFINITY;
  #suppressed = 0;
  #open = false;

  constructor(log: Logger, clock: Clock, fields: object) {
    this.#log = log;
    this.#clock = clock;
    this.#fields = fields;
  }

  warn(message: string, fields: object): void {
    const now = this.#clock.now();
    if (now - this.#warnedAt < INTERVAL_MS) {
      this.#suppressed++;
      return;
    }
    const more = this.#suppressed > 0 ? { warnings_not_shown: this.#suppressed } : {};
    this.#log.warn({ ...this.#fields, ...fields, ...more }, message);
    this.#warnedAt = now;
    this.#suppressed = 0;
    this.#open = true;
  }

  resolved(message: string): void {
    if (!this.#open) return;
    this.#open = false;
    this.#log.info(this.#fields, message);
  }
}
