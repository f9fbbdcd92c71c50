/**
 * Watches one latency (of the agent, a source or a sink) and says whether it is too high now. A state machine with
 * two thresholds, so that a latency near the threshold does not switch it on and off. Kept by `AdaptiveSampler`.
 */
import type { AdaptiveSettings } from '../settings/settings.ts';
import { Window } from './window.ts';

/** Ends when what began it is below this share of its threshold. */
const RELEASE = 0.8;
const QUANTILE = 0.99;

/** What a detector found, as the API shows it. */
export interface DetectorStatus {
  readonly active: boolean;
  /** 99th percentile at the last check, the age of the oldest unacknowledged logs included. */
  readonly p99_seconds: number;
  readonly threshold_seconds: number;
  /** Only of sinks, and only where `error_threshold` is set. */
  readonly error_ratio?: number;
  /** How many logs the percentile is of. */
  readonly logs: number;
  /** Wall time of the last change, ISO 8601; absent before the first. */
  readonly since?: string;
  readonly activations: number;
}

type Settings = Pick<
  AdaptiveSettings,
  'latencyThresholdMs' | 'windowMs' | 'checkIntervalMs' | 'errorThreshold'
>;

export class Detector {
  readonly window: Window;
  readonly #settings: Settings;
  #active = false;
  /** Whether a check has passed since it became active. */
  #confirmed = false;
  #p99Ms = 0;
  #oldestMs = 0;
  #changedAt: number | null = null;
  #activations = 0;

  constructor(settings: Settings, now: number) {
    this.#settings = settings;
    this.window = new Window(settings.windowMs, settings.checkIntervalMs, now);
  }

  get active(): boolean {
    return this.#active;
  }

  /** Nothing is known any more, and nothing is going on. */
  get idle(): boolean {
    return !this.#active && this.window.empty && this.#oldestMs === 0;
  }

  /**
   * Compares with the thresholds.
   * @param now monotonic milliseconds.
   * @param oldestMs age of the oldest logs that are not acknowledged: logs that never arrive have no latency yet.
   * @returns whether it became active or inactive.
   */
  check(now: number, oldestMs: number): boolean {
    const { latencyThresholdMs, errorThreshold } = this.#settings;
    this.window.advance(now);
    this.#oldestMs = oldestMs;
    this.#p99Ms = Math.max(this.window.quantile(QUANTILE), oldestMs);
    const load = Math.max(
      this.#p99Ms / latencyThresholdMs,
      errorThreshold === null ? 0 : this.window.errorRatio / errorThreshold,
    );
    if (!this.#active) {
      if (load <= 1) return false;
      this.#active = true;
      this.#confirmed = false;
      this.#activations++;
    } else {
      const confirmed = this.#confirmed;
      this.#confirmed = true;
      if (!confirmed || load >= RELEASE) return false;
      this.#active = false;
    }
    this.#changedAt = now;
    return true;
  }

  /** @param toEpoch milliseconds since 1970 of a monotonic reading. */
  status(toEpoch: (monotonic: number) => number): DetectorStatus {
    const { latencyThresholdMs, errorThreshold } = this.#settings;
    return {
      active: this.#active,
      p99_seconds: this.#p99Ms / 1000,
      threshold_seconds: latencyThresholdMs / 1000,
      ...(errorThreshold !== null && { error_ratio: this.window.errorRatio }),
      logs: this.window.count,
      ...(this.#changedAt !== null && { since: new Date(toEpoch(this.#changedAt)).toISOString() }),
      activations: this.#activations,
    };
  }
}
