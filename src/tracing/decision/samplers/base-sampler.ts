/**
 * What decides in hybrid mode where no on-demand rule does (`tracing.sampler.type`), as OpenTelemetry's samplers of the
 * same names do for spans. Asked by the decision; never sees a log.
 *
 * | type            | a log with its own sampled context | a log without one                          |
 * |-----------------|------------------------------------|--------------------------------------------|
 * | `parent_based`  | traced, within the parents' limit; | the higher of `log_tracing_rate` and, while |
 * |                 | if unsampled, never                | adaptive sampling is active, its rate       |
 * | `traceidratio`  | as without                         | the same with `sampler.rate` as the base    |
 * | `rate_limiting` | as without                         | `per_second` logs a second over all sources |
 * | `always_on`     | as without                         | traced                                      |
 * | `always_off`    | as without                         | not traced: rules and tail keeping only     |
 */
import type { Clock } from '../../../component/clock.ts';
import type { Reason } from '../../mode.ts';
import type { TracingSettings } from '../../settings/settings.ts';
import { TokenBucket } from './token-bucket.ts';

export interface Choice {
  /** 0 to 1. */
  readonly rate: number;
  readonly reason: Reason;
}

export interface BaseSampler {
  /** Whether contexts that come with logs decide for those logs. */
  readonly honoursParent: boolean;
  /** Whether the answer of `choose` stays right until settings, rules or adaptive state change. */
  readonly constant: boolean;
  /**
   * The choice for `live` logs of a source.
   * @param adaptive whether adaptive sampling is active for the source.
   * @param factor what the governor leaves of every rate, above 0 to 1.
   */
  choose(live: number, adaptive: boolean, factor: number): Choice;
  /** The rate for logs about which nothing particular is known, for people: chooses nothing. */
  rateNow(adaptive: boolean, factor: number): number;
  /** Told how many logs were traced by its choice. */
  traced(count: number): void;
}

export function createBaseSampler(
  settings: Pick<TracingSettings, 'sampler' | 'logTracingRate' | 'adaptive'>,
  clock: Pick<Clock, 'now'>,
): BaseSampler {
  const { sampler, logTracingRate, adaptive } = settings;
  switch (sampler.type) {
    case 'parent_based':
      return new RatioSampler(logTracingRate, adaptive.sampleRate, true);
    case 'traceidratio':
      return new RatioSampler(sampler.rate, adaptive.sampleRate, false);
    case 'rate_limiting':
      return new RateLimitingSampler(sampler.perSecond, clock);
    case 'always_on':
      return new RatioSampler(1, 0, false);
    case 'always_off':
      return new RatioSampler(0, 0, false);
  }
}

/** A base rate, and a rate while adaptive sampling is active: the higher counts. */
class RatioSampler implements BaseSampler {
  readonly constant = true;
  readonly honoursParent: boolean;
  readonly #base: number;
  readonly #adaptive: number;

  constructor(base: number, adaptive: number, honoursParent: boolean) {
    this.#base = base;
    this.#adaptive = adaptive;
    this.honoursParent = honoursParent;
  }

  choose(_live: number, adaptive: boolean, factor: number): Choice {
    return adaptive && this.#adaptive > this.#base
      ? { rate: this.#adaptive * factor, reason: 'adaptive' }
      : { rate: this.#base * factor, reason: 'base_rate' };
  }

  rateNow(adaptive: boolean, factor: number): number {
    return this.choose(0, adaptive, factor).rate;
  }

  traced(): void {}
}

/**
 * Gives each log of a segment the probability tokens / logs instead of taking the first ones, so that every log of the
 * segment has the same chance and the threshold written with a trace is its true weight.
 */
class RateLimitingSampler implements BaseSampler {
  readonly constant = false;
  readonly honoursParent = false;
  readonly #perSecond: number;
  readonly #bucket: TokenBucket;
  #factor = 1;
  #lastRate = 1;

  constructor(perSecond: number, clock: Pick<Clock, 'now'>) {
    this.#perSecond = perSecond;
    this.#bucket = new TokenBucket(perSecond, clock);
  }

  choose(live: number, _adaptive: boolean, factor: number): Choice {
    if (factor !== this.#factor) {
      this.#factor = factor;
      this.#bucket.perSecond = this.#perSecond * factor;
    }
    this.#lastRate = Math.min(1, Math.max(0, this.#bucket.available) / Math.max(1, live));
    return { rate: this.#lastRate, reason: 'base_rate' };
  }

  /** That of the last segment. */
  rateNow(): number {
    return this.#lastRate;
  }

  traced(count: number): void {
    this.#bucket.spend(count);
  }
}
