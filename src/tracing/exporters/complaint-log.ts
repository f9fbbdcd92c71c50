import type { Clock } from '../../component/clock.ts';
import type { Logger } from '../../component/logger.ts';

/** At most one warning of a kind in this time, in milliseconds: a backend that is down must not fill the agent's own log. */
const INTERVAL_MS = 60_000;

/** A kind of warning. */
interface Complaint {
  warnedAt: number;
  suppressed: number;
}

/** Logs what goes wrong in an exporter, a warning of each kind a minute at most, and once when it is over. */
export class ComplaintLog {
  readonly #log: Logger;
  readonly #clock: Clock;
  readonly #fields: object;
  readonly #complaints = new Map<string, Complaint>();
  #open = false;

  constructor(log: Logger, clock: Clock, fields: object) {
    this.#log = log;
    this.#clock = clock;
    this.#fields = fields;
  }

  /** @param message says of which kind it is: one of few. */
  warn(message: string, fields: object): void {
    const now = this.#clock.now();
    const before = this.#complaints.get(message);
    if (before !== undefined && now - before.warnedAt < INTERVAL_MS) {
      before.suppressed++;
      return;
    }
    const more =
      before !== undefined && before.suppressed > 0 ? { warnings_not_shown: before.suppressed } : {};
    this.#log.warn({ ...this.#fields, ...fields, ...more }, message);
    this.#complaints.set(message, { warnedAt: now, suppressed: 0 });
    this.#open = true;
  }

  resolved(message: string): void {
    if (!this.#open) return;
    this.#open = false;
    this.#log.info(this.#fields, message);
  }
}
