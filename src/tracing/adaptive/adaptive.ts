/**
 * Adaptive sampling: traces more of the logs of a source while the agent, the source, or a sink its logs go to is slow
 * (or, where asked for, a sink fails). Detectors are kept by configured source and sink, never by file, so thousands
 * of streams cost nothing. Fed by adaptive-observer.ts, asked by the decision; checks run on the clock it is given.
 */
import type { Clock } from '../../component/clock.ts';
import type { AdaptiveState } from '../decision/decision.ts';
import type { AdaptiveSettings } from '../settings/settings.ts';
import { Detector, type DetectorStatus } from './adaptive-detector.ts';

/** Ages of the oldest logs that are not acknowledged, in milliseconds; absent or 0: none wait. */
export interface OldestAges {
  readonly agent: number;
  readonly sources: ReadonlyMap<string, number>;
  readonly sinks: ReadonlyMap<string, number>;
}

export interface AdaptiveStatus {
  readonly enabled: boolean;
  /** Whether any detector is active. */
  readonly active: boolean;
  readonly sample_rate: number;
  readonly agent: DetectorStatus;
  readonly sources: Readonly<Record<string, DetectorStatus>>;
  readonly sinks: Readonly<Record<string, DetectorStatus>>;
}

export interface AdaptiveOptions {
  readonly settings: AdaptiveSettings;
  readonly clock: Pick<Clock, 'now' | 'toEpoch' | 'after'>;
  /** Ids of the sinks that logs of a configured source go to. */
  readonly sinksOf: (source: string) => readonly string[];
}

export class AdaptiveSampler implements AdaptiveState {
  readonly #clock: AdaptiveOptions['clock'];
  readonly #sinksOf: AdaptiveOptions['sinksOf'];
  #settings: AdaptiveSettings;
  #agent: Detector;
  readonly #sources = new Map<string, Detector>();
  readonly #sinks = new Map<string, Detector>();
  #version = 0;
  #cancel: (() => void) | null = null;
  #ages: ((now: number) => OldestAges) | null = null;

  constructor({ settings, clock, sinksOf }: AdaptiveOptions) {
    this.#settings = settings;
    this.#clock = clock;
    this.#sinksOf = sinksOf;
    this.#agent = this.#detector();
  }

  /** Grows whenever an answer of `active` may change. */
  get version(): number {
    return this.#version;
  }

  get enabled(): boolean {
    return this.#settings.enabled;
  }

  /** Whether more logs of the source are to be traced. */
  active(source: string): boolean {
    return (
      this.#agent.active ||
      this.#sources.get(source)?.active === true ||
      (this.#sinks.size > 0 && this.#sinksOf(source).some((sink) => this.#sinks.get(sink)?.active === true))
    );
  }

  get agentActive(): boolean {
    return this.#agent.active;
  }

  /** Whether anything is active: the metric `adaptive_sampling_active`. */
  get anyActive(): boolean {
    return (
      this.#agent.active ||
      this.#sources.values().some((detector) => detector.active) ||
      this.#sinks.values().some((detector) => detector.active)
    );
  }

  /** Records logs of a source that every sink has acknowledged, `latencyMs` after they were read. */
  record(source: string, latencyMs: number, count: number): void {
    if (!this.#settings.enabled) return;
    this.#agent.window.record(latencyMs, count);
    this.#of(this.#sources, source).window.record(latencyMs, count);
  }

  /** Records logs that one sink has acknowledged. */
  recordSink(sink: string, latencyMs: number, count: number): void {
    if (this.#settings.enabled) this.#of(this.#sinks, sink).window.record(latencyMs, count);
  }

  /** Records an attempt of a sink. */
  recordAttempt(sink: string, failed: boolean): void {
    if (this.#settings.enabled) this.#of(this.#sinks, sink).window.recordAttempt(failed);
  }

  /**
   * Checks every `check_interval` from now on.
   * @returns a function that ends this.
   */
  start(ages: (now: number) => OldestAges): () => void {
    this.#cancel?.();
    this.#ages = ages;
    this.#cancel = this.#clock.after(this.#settings.checkIntervalMs, () => {
      this.#cancel = null;
      this.start(ages);
      this.check(ages(this.#clock.now()));
    });
    return () => {
      this.#cancel?.();
      this.#cancel = null;
      this.#ages = null;
    };
  }

  /** Compares all latencies with the threshold, and forgets sources and sinks of which nothing is known any more. */
  check(ages: OldestAges): void {
    if (!this.#settings.enabled) return;
    const now = this.#clock.now();
    // What waits for the first time has no detector yet.
    for (const source of ages.sources.keys()) this.#of(this.#sources, source);
    for (const sink of ages.sinks.keys()) this.#of(this.#sinks, sink);
    let changed = this.#agent.check(now, ages.agent);
    for (const [detectors, oldest] of [
      [this.#sources, ages.sources],
      [this.#sinks, ages.sinks],
    ] as const) {
      for (const [id, detector] of detectors) {
        changed = detector.check(now, oldest.get(id) ?? 0) || changed;
        if (detector.idle) detectors.delete(id);
      }
    }
    if (changed) this.#version++;
  }

  /** Applies other settings. What was measured is forgotten when they differ: it was compared with something else. */
  update(settings: AdaptiveSettings): void {
    const same = JSON.stringify(settings) === JSON.stringify(this.#settings);
    this.#settings = settings;
    if (same) return;
    this.reset();
    // The next check may be an hour off under the old settings.
    if (this.#ages !== null) this.start(this.#ages);
  }

  /** Forgets all latencies and becomes inactive. */
  reset(): void {
    this.#agent = this.#detector();
    this.#sources.clear();
    this.#sinks.clear();
    this.#version++;
  }

  status(): AdaptiveStatus {
    const toEpoch = (monotonic: number) => this.#clock.toEpoch(monotonic);
    const all = (detectors: ReadonlyMap<string, Detector>) =>
      Object.fromEntries(detectors.entries().map(([id, detector]) => [id, detector.status(toEpoch)]));
    return {
      enabled: this.#settings.enabled,
      active: this.anyActive,
      sample_rate: this.#settings.sampleRate,
      agent: this.#agent.status(toEpoch),
      sources: all(this.#sources),
      sinks: all(this.#sinks),
    };
  }

  #detector(): Detector {
    return new Detector(this.#settings, this.#clock.now());
  }

  #of(detectors: Map<string, Detector>, id: string): Detector {
    let detector = detectors.get(id);
    if (detector === undefined) {
      detector = this.#detector();
      detectors.set(id, detector);
    }
    return detector;
  }
}
