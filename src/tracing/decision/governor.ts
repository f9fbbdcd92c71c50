/**
 * Keeps the CPU time of tracing below `tracing.max_overhead`: halves all rates when it is above, and raises them again
 * slowly when there is room. Told by whoever measures (once every `GOVERNOR_CHECK_MS`); the decision multiplies every
 * rate by `factor`. Spans of batches are not its business: they cost next to nothing.
 */
import type { Clock } from '../../component/clock.ts';
import type { GovernorState } from './decision.ts';

/** How often `check` is to be called, in milliseconds. */
export const GOVERNOR_CHECK_MS = 5000;

const STEP_DOWN = 0.5;
const STEP_UP = 1.25;
/** Checks in a row with room before a step up. */
const PATIENCE = 3;
/** A step up is taken when the overhead it will cause is below this share of the limit. */
const HEADROOM = 0.9;
const LEAST_FACTOR = 2 ** -10;
/** Below this share of one core nothing needs to be saved, and the measurement is mostly noise. */
const IDLE = 0.01;

/** What was used between two checks, in milliseconds. */
export interface Usage {
  /** CPU time spent on tracing. */
  readonly tracingMs: number;
  /** CPU time of the whole process, tracing included. */
  readonly processMs: number;
  readonly wallMs: number;
}

export interface GovernorStatus {
  readonly state: 'off' | 'normal' | 'limiting';
  /** What all rates are multiplied by. */
  readonly factor: number;
  /** CPU time of tracing by that of everything else, at the last check. */
  readonly overhead: number;
  readonly max_overhead: number | null;
  /** Wall time of the last change of state, ISO 8601; absent before the first. */
  readonly since?: string;
}

export class Governor implements GovernorState {
  readonly #clock: Pick<Clock, 'now' | 'toEpoch'>;
  #maxOverhead: number | null;
  #factor = 1;
  #overhead = 0;
  #roomy = 0;
  #version = 0;
  #changedAt: number | null = null;

  /** @param maxOverhead share above 0; null: never limits. */
  constructor(maxOverhead: number | null, clock: Pick<Clock, 'now' | 'toEpoch'>) {
    this.#maxOverhead = maxOverhead;
    this.#clock = clock;
  }

  get version(): number {
    return this.#version;
  }

  get factor(): number {
    return this.#factor;
  }

  check({ tracingMs, processMs, wallMs }: Usage): void {
    const others = processMs - tracingMs;
    this.#overhead = tracingMs <= 0 ? 0 : tracingMs / Math.max(others, tracingMs / 1000);
    if (this.#maxOverhead === null) return;
    const idle = processMs < wallMs * IDLE;
    if (this.#overhead > this.#maxOverhead && !idle) {
      this.#roomy = 0;
      this.#step(this.#factor * STEP_DOWN);
    } else if (this.#factor === 1) {
      this.#roomy = 0;
    } else if (idle || this.#overhead * STEP_UP < this.#maxOverhead * HEADROOM) {
      if (++this.#roomy < PATIENCE) return;
      this.#roomy = 0;
      this.#step(this.#factor * STEP_UP);
    } else {
      this.#roomy = 0;
    }
  }

  /** Another limit: starts anew with full rates. The same one changes nothing. */
  update(maxOverhead: number | null): void {
    if (maxOverhead === this.#maxOverhead) return;
    this.#maxOverhead = maxOverhead;
    this.#roomy = 0;
    this.#step(1);
  }

  status(): GovernorStatus {
    return {
      state: this.#maxOverhead === null ? 'off' : this.#factor === 1 ? 'normal' : 'limiting',
      factor: this.#factor,
      overhead: this.#overhead,
      max_overhead: this.#maxOverhead,
      ...(this.#changedAt !== null && {
        since: new Date(this.#clock.toEpoch(this.#changedAt)).toISOString(),
      }),
    };
  }

  #step(factor: number): void {
    const next = Math.min(1, Math.max(LEAST_FACTOR, factor));
    if (next === this.#factor) return;
    if ((next === 1) !== (this.#factor === 1)) this.#changedAt = this.#clock.now();
    this.#factor = next;
    this.#version++;
  }
}
