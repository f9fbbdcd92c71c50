/**
 * Measures what tracing itself costs: two readings of the clock around each piece of work of the tracer, a few times a
 * batch. The work is synchronous and does not wait, so its time is CPU time but for preemption. What exporters spend is
 * not in it.
 */
import type { Clock } from '../component/clock.ts';
import { GOVERNOR_CHECK_MS, type Governor } from './decision/governor.ts';

export class SelfMeasurement {
  readonly #clock: Pick<Clock, 'now'>;
  #milliseconds = 0;

  constructor(clock: Pick<Clock, 'now'>) {
    this.#clock = clock;
  }

  /** Milliseconds spent on tracing since the start. */
  get milliseconds(): number {
    return this.#milliseconds;
  }

  /** Does the work and counts its time, also when it throws. */
  measure(work: () => void): void {
    const startedAt = this.#clock.now();
    try {
      work();
    } finally {
      this.#milliseconds += this.#clock.now() - startedAt;
    }
  }
}

/** Tells the governor now and then what tracing and the process have used. */
export class GovernorChecks {
  readonly #governor: Pick<Governor, 'check'>;
  readonly #measurement: Pick<SelfMeasurement, 'milliseconds'>;
  readonly #clock: Pick<Clock, 'now' | 'after'>;
  readonly #processMs: () => number;

  /** @param processMs CPU time of the process since its start, in milliseconds. */
  constructor(
    governor: Pick<Governor, 'check'>,
    measurement: Pick<SelfMeasurement, 'milliseconds'>,
    clock: Pick<Clock, 'now' | 'after'>,
    processMs: () => number = cpuOfProcess,
  ) {
    this.#governor = governor;
    this.#measurement = measurement;
    this.#clock = clock;
    this.#processMs = processMs;
  }

  /** Checks every `GOVERNOR_CHECK_MS`; the returned function ends this. */
  start(): () => void {
    let last = this.#read();
    let cancel = () => {};
    const wait = () => {
      cancel = this.#clock.after(GOVERNOR_CHECK_MS, () => {
        const now = this.#read();
        this.#governor.check({
          tracingMs: now.tracingMs - last.tracingMs,
          processMs: now.processMs - last.processMs,
          wallMs: now.wallMs - last.wallMs,
        });
        last = now;
        wait();
      });
    };
    wait();
    return () => cancel();
  }

  #read() {
    return {
      tracingMs: this.#measurement.milliseconds,
      processMs: this.#processMs(),
      wallMs: this.#clock.now(),
    };
  }
}

function cpuOfProcess(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
