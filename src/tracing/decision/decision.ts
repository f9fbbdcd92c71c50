/**
 * Decides for the logs of a segment with which probability they are traced, and why. Highest first:
 *
 * - `tracing.exclude.sources`, mode `off`, mode `system-only`: none;
 * - mode `full-e2e`: all;
 * - mode `hybrid`: 1. the on-demand rule that names the stream most closely, up and down, contexts of logs
 *   included; 2. a context that came with the log, when the sampler is `parent_based` (the tracer looks at each log's;
 *   here it is only allowed, and bounded by `takeParents`); 3. and 4. the sampler's own choice: adaptive or base rate
 *   (samplers/base-sampler.ts).
 *
 * The governor lowers every rate by its factor. Called by the tracer once a segment; answers are kept per stream until
 * something they rest on changes, so that deciding costs nanoseconds. Never looks at a log.
 */
import type { Clock } from '../../component/clock.ts';
import { liveCount, type Segment } from '../../record/segment.ts';
import type { Stream } from '../../record/stream.ts';
import type { TracingSettings } from '../settings/settings.ts';
import { sourceExclusion } from './exclude.ts';
import { type BaseSampler, createBaseSampler } from './samplers/base-sampler.ts';
import { TokenBucket } from './samplers/token-bucket.ts';
import type { ActiveRule, Verdict } from './verdict.ts';

/** The part of the on-demand rules that decides. `version` grows whenever an answer of `match` may change. */
export interface Rules {
  readonly version: number;
  /** Monotonic milliseconds at which the next rule ends; Infinity: none. */
  readonly nextExpiryAt: number;
  /** Ends the rules whose time is over at `now`. */
  expire(now: number): void;
  match(stream: Stream): (ActiveRule & { readonly rate: number }) | null;
}

/** The part of adaptive sampling that decides. */
export interface AdaptiveState {
  readonly version: number;
  /** Whether it is active for logs of the configured source. */
  active(source: string): boolean;
  /** Whether it is active for all sources. */
  readonly agentActive: boolean;
}

/** The part of the governor that decides: what it leaves of every rate, above 0 to 1. */
export interface GovernorState {
  readonly version: number;
  readonly factor: number;
}

export interface DecisionOptions {
  readonly settings: TracingSettings;
  readonly rules: Rules;
  readonly adaptive: AdaptiveState;
  readonly governor: GovernorState;
  readonly clock: Pick<Clock, 'now'>;
}

const NOTHING: Verdict = { rate: 0, reason: 'mode', honourParent: false, rule: null };

interface Kept {
  readonly version: number;
  /** Null: the sampler must be asked each time. */
  readonly verdict: Verdict | null;
}

export class Decision {
  readonly #rules: Rules;
  readonly #adaptive: AdaptiveState;
  readonly #governor: GovernorState;
  readonly #clock: Pick<Clock, 'now'>;
  #settings: TracingSettings;
  #sampler: BaseSampler;
  #parents: TokenBucket;
  #isExcluded: (stream: Stream) => boolean;
  #kept = new WeakMap<Stream, Kept>();
  #parentFactor = 1;
  #parentsTurnedAway = 0;

  constructor({ settings, rules, adaptive, governor, clock }: DecisionOptions) {
    this.#settings = settings;
    this.#rules = rules;
    this.#adaptive = adaptive;
    this.#governor = governor;
    this.#clock = clock;
    this.#sampler = createBaseSampler(settings, clock);
    this.#parents = new TokenBucket(settings.maxParentTracesPerSecond, clock);
    this.#isExcluded = sourceExclusion(settings.exclude.sources);
  }

  /** Applies other settings to all segments decided from now on. */
  update(settings: TracingSettings): void {
    if (!sameSampling(settings, this.#settings)) this.#sampler = createBaseSampler(settings, this.#clock);
    this.#parents.perSecond = settings.maxParentTracesPerSecond * this.#governor.factor;
    this.#isExcluded = sourceExclusion(settings.exclude.sources);
    this.#settings = settings;
    this.#kept = new WeakMap();
  }

  /**
   * @param now monotonic milliseconds, such as the batch's `processedAt`: a rule that ended by then does not count.
   */
  decide(segment: Pick<Segment, 'stream' | 'count' | 'live'>, now: number): Verdict {
    const { mode } = this.#settings;
    if (mode === 'off' || mode === 'system-only') return NOTHING;
    if (now >= this.#rules.nextExpiryAt) this.#rules.expire(now);
    const { stream } = segment;
    // Each of the counters only grows, so their sum is another number after every change.
    const version = this.#rules.version + this.#adaptive.version + this.#governor.version;
    let kept = this.#kept.get(stream);
    if (kept === undefined || kept.version !== version) {
      kept = { version, verdict: this.#judge(stream) };
      this.#kept.set(stream, kept);
    }
    return kept.verdict ?? this.#ask(liveCount(segment as Segment), stream);
  }

  /**
   * Must be told how many logs a verdict's rate has chosen, because rules and samplers that are bounded count them.
   * Logs traced because of their own context are not among them: `takeParents` counted those.
   */
  traced(verdict: Verdict, count: number): void {
    if (verdict.rule !== null) verdict.rule.spent(count);
    else if (verdict.reason !== 'mode') this.#sampler.traced(count);
  }

  /** How many of `wanted` logs may be traced because of their own context (`max_parent_traces_per_second`). */
  takeParents(wanted: number): number {
    if (wanted === 0) return 0;
    const { factor } = this.#governor;
    if (factor !== this.#parentFactor) {
      this.#parentFactor = factor;
      this.#parents.perSecond = this.#settings.maxParentTracesPerSecond * factor;
    }
    const taken = this.#parents.take(wanted);
    this.#parentsTurnedAway += wanted - taken;
    return taken;
  }

  /** Logs that `takeParents` did not allow. */
  get parentsTurnedAway(): number {
    return this.#parentsTurnedAway;
  }

  /** Whether logs of the segment may be traced after the fact: not where a source is excluded or muted by a rule. */
  keepsTail(segment: Pick<Segment, 'stream' | 'count' | 'live'>, now: number): boolean {
    if (this.#settings.mode !== 'hybrid' || this.excludes(segment.stream)) return false;
    const { rate, rule } = this.decide(segment, now);
    return rule === null || rate > 0;
  }

  excludes(stream: Stream): boolean {
    return this.#isExcluded(stream);
  }

  /** The rate for logs about which nothing particular is known: for status and metrics. 0 to 1. */
  get effectiveRate(): number {
    const { mode } = this.#settings;
    const { factor } = this.#governor;
    if (mode === 'full-e2e') return factor;
    if (mode !== 'hybrid') return 0;
    return this.#sampler.rateNow(this.#adaptive.agentActive, factor);
  }

  #judge(stream: Stream): Verdict | null {
    const { factor } = this.#governor;
    if (this.#isExcluded(stream)) return NOTHING;
    if (this.#settings.mode === 'full-e2e') {
      return { rate: factor, reason: 'mode', honourParent: false, rule: null };
    }
    const rule = this.#rules.match(stream);
    if (rule !== null) {
      return { rate: rule.rate * factor, reason: 'on_demand', honourParent: false, rule };
    }
    return this.#sampler.constant ? this.#ask(0, stream) : null;
  }

  #ask(live: number, stream: Stream): Verdict {
    const adaptive = this.#adaptive.active(stream.source);
    const { rate, reason } = this.#sampler.choose(live, adaptive, this.#governor.factor);
    const honourParent = this.#sampler.honoursParent && this.#settings.incoming !== 'ignore';
    return { rate, reason, honourParent, rule: null };
  }
}

/** Whether a sampler built for `a` serves `b`: one that counts must not start anew at every reload. */
function sameSampling(a: TracingSettings, b: TracingSettings): boolean {
  return (
    JSON.stringify(a.sampler) === JSON.stringify(b.sampler) &&
    a.logTracingRate === b.logTracingRate &&
    a.adaptive.sampleRate === b.adaptive.sampleRate
  );
}
