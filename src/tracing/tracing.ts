/**
 * All of tracing, put together: built by the agent, which hands `observer` to the dispatcher and asks the rest for the
 * API. Changing the settings (at a reload, or the mode through the API) goes through `update`, which leaves alone what
 * does not change, so that counters go on and queued spans stay queued.
 */
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { Clock } from '../component/clock.ts';
import type { Logger } from '../component/logger.ts';
import type { Observer } from '../component/observer.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { AdaptiveSampler } from './adaptive/adaptive.ts';
import { AdaptiveObserver } from './adaptive/adaptive-observer.ts';
import { Decision } from './decision/decision.ts';
import { sourceExclusion } from './decision/exclude.ts';
import { Governor } from './decision/governor.ts';
import { Closeness, type Named, SourcePattern } from './decision/source-pattern.ts';
import { type TracedLog, tracedLogs } from './exemplars.ts';
import { type Explanation, explain } from './explain/explain.ts';
import { type ExplainRequest, explainRequestSchema } from './explain/explain-request.ts';
import { ConfiguredExporters } from './exporters/configured.ts';
import { createExporters } from './exporters/create.ts';
import type { SpanExporter } from './exporters/exporter.ts';
import { Outlets } from './exporters/outlets.ts';
import { JaegerQuery } from './jaeger-query/jaeger-query.ts';
import { LogRates } from './log-rates.ts';
import type { Mode } from './mode.ts';
import { OnDemandRules, type RuleStatus } from './on-demand/on-demand.ts';
import { type RuleRequest, ruleRequestSchema } from './on-demand/on-demand-request.ts';
import { GovernorChecks } from './self-measurement.ts';
import { SettingsOverrides, shownSettings } from './settings/overrides.ts';
import { type SettingsPatch, settingsPatchSchema } from './settings/overrides-schema.ts';
import type { TracingSettings } from './settings/settings.ts';
import { encodeEnvelope, type Host, resourceAttributes } from './spans/resource.ts';
import type { ServerSpan } from './spans/server-spans.ts';
import { SpanRing } from './store/span-ring.ts';
import { type TraceQuery, TraceStore } from './store/store.ts';
import { type TraceJson, type TraceSummary, traceJson, traceSummary } from './store/trace-json.ts';
import { TailKeeper } from './tail/tail.ts';
import { Tracer } from './tracer.ts';
import type { TracerStatus } from './tracer-status.ts';

export type { TracerStatus } from './tracer-status.ts';

export interface TracingOptions {
  readonly settings: TracingSettings;
  /** Made with `spanBytes: settings.store.memoryBytes`. */
  readonly kernel: Kernel;
  readonly clock: Clock;
  readonly log: Logger;
  readonly stateDir: string;
  /** Of the agent. */
  readonly version: string;
  /** Ids of the sinks that logs of a configured source go to. */
  readonly sinksOf: (source: string) => readonly string[];
  /** Whether a configured source has processors. */
  readonly isProcessed: (source: string) => boolean;
  /** Whether logs of a configured source may hold a W3C context in their text. */
  readonly carriesContexts: (source: string) => boolean;
  /** Ages of the oldest logs in the disk buffers of sinks, in milliseconds. */
  readonly bufferAges?: () => ReadonlyMap<string, number>;
  /** For tests: numbers from 0 (inclusive) to 1 (exclusive), and exporters instead of those that the settings name. */
  readonly random?: () => number;
  readonly createExporters?: (settings: TracingSettings) => SpanExporter[];
}

/** How long exporters that a change of the settings ends may take to send what they have, in milliseconds. */
const REPLACED_DEADLINE_MS = 30_000;

export class Tracing {
  /** Observes the pipeline too, in every mode. */
  readonly rates = new LogRates();
  readonly rules: OnDemandRules;
  readonly store: TraceStore;
  /** Jaeger's queries, answered from the store. */
  readonly jaeger: JaegerQuery;
  /** What `enable` takes, for whoever reads requests. */
  readonly ruleSchema = ruleRequestSchema;
  /** What `override` takes. */
  readonly settingsSchema = settingsPatchSchema;
  /** What `explain` takes. */
  readonly explainSchema = explainRequestSchema;
  readonly #options: TracingOptions;
  readonly #host: Host = { hostname: hostname(), instanceId: randomUUID() };
  readonly #adaptive: AdaptiveSampler;
  readonly #adaptiveObserver: AdaptiveObserver;
  readonly #governor: Governor;
  readonly #decision: Decision;
  readonly #tail: TailKeeper;
  readonly #exporters: ConfiguredExporters;
  readonly #outlets: Outlets;
  readonly #tracer: Tracer;
  readonly #checks: GovernorChecks;
  readonly #ring: SpanRing;
  readonly #overrides: SettingsOverrides;
  #configured: TracingSettings;
  #endChecks: () => void = () => {};

  /** Opens and starts nothing. @throws when an exporter cannot be built, such as for a missing certificate. */
  constructor(options: TracingOptions) {
    this.#options = options;
    const { settings, kernel, clock, log, sinksOf } = options;
    this.#configured = settings;
    this.#overrides = new SettingsOverrides(clock);
    this.rules = new OnDemandRules({ ...options, settings: settings.onDemand });
    this.#adaptive = new AdaptiveSampler({ settings: settings.adaptive, clock, sinksOf });
    this.#adaptiveObserver = new AdaptiveObserver(this.#adaptive, sinksOf, options.bufferAges);
    this.#governor = new Governor(settings.maxOverhead, clock);
    this.#decision = new Decision({
      settings,
      clock,
      rules: this.rules,
      adaptive: this.#adaptive,
      governor: this.#governor,
    });
    this.#tail = new TailKeeper(settings.tail, clock);
    this.#exporters = new ConfiguredExporters(
      options.createExporters ?? ((one) => this.#createExporters(one)),
    );
    this.#outlets = new Outlets(this.#exporters.of(settings), log, clock);
    const ring = new SpanRing(kernel.spans, clock);
    this.#ring = ring;
    this.store = new TraceStore(ring);
    this.jaeger = new JaegerQuery(this.store, () => resourceAttributes(this.settings.resource, this.#host));
    this.#tracer = new Tracer({
      ...options,
      decision: this.#decision,
      tail: this.#tail,
      adaptive: this.#adaptiveObserver,
      ring,
      outlets: this.#outlets,
    });
    this.#checks = new GovernorChecks(this.#governor, this.#tracer.measurement, clock);
  }

  /** For the dispatcher. */
  get observer(): Observer {
    return this.#tracer;
  }

  get settings(): TracingSettings {
    return this.#tracer.settings;
  }

  /** Records a request to the API, except in mode off. Never throws. */
  serverSpan(span: ServerSpan): void {
    this.#tracer.serverSpan(span);
  }

  /** CPU time spent on tracing since the start, in milliseconds. */
  get cpuMs(): number {
    return this.#tracer.measurement.milliseconds;
  }

  /** Takes up the rules of the last run, and begins to check latencies. @throws when the rules' file cannot be read. */
  async start(): Promise<void> {
    await this.rules.load();
    const endAdaptive = this.#adaptive.start(this.#adaptiveObserver.ages);
    const endGovernor = this.#checks.start();
    this.#endChecks = () => {
      endAdaptive();
      endGovernor();
    };
  }

  /**
   * Applies the settings of another configuration, and forgets what was changed at run time. See `#apply`; the size of
   * the store stays what it was. Resolves when exporters that are no longer named have let go of their spans, which
   * nobody needs to wait for.
   * @throws when an exporter cannot be built; nothing has changed then.
   */
  update(settings: TracingSettings): Promise<void> {
    const done = this.#apply(settings);
    this.#configured = settings;
    this.#overrides.clear();
    return done;
  }

  /** Changes the mode at once, for a while or until `clearMode`, a reload or a restart. @param durationMs more than 0. */
  setMode(mode: Mode, durationMs?: number): void {
    this.#overrides.setMode(mode, durationMs, () => {
      this.#options.log.info(
        { mode: this.#configured.mode },
        'the mode of tracing is the configured one again',
      );
      this.#applyOverrides();
    });
    this.#applyOverrides();
  }

  /** Takes back what `setMode` did; false when it did nothing. */
  clearMode(): boolean {
    const had = this.#overrides.clearMode();
    this.#applyOverrides();
    return had;
  }

  /** Changes settings at once, until they are cleared, a reload or a restart. @throws OverrideRefusedError */
  override(patch: SettingsPatch): void {
    this.#overrides.patch(patch, this.#configured);
    this.#applyOverrides();
  }

  /** Takes back what `override` changed, but not the mode. @returns paths such as `tail.slow`. */
  clearSettings(): string[] {
    const cleared = this.#overrides.clearSettings();
    this.#applyOverrides();
    return cleared;
  }

  /** Takes back everything that was changed at run time. @returns paths such as `mode` and `tail.slow`. */
  clearOverrides(): string[] {
    const cleared = this.#overrides.clear();
    this.#applyOverrides();
    return cleared;
  }

  /** The settings that can be changed at run time, as the configuration would write them, by path. */
  shownSettings(): Readonly<Record<string, string | number | boolean | null>> {
    return shownSettings(this.settings);
  }

  /** Exports what is queued within the deadline, drops the rest, and writes down what rules have left. Safe twice. */
  async stop(deadlineMs: number): Promise<void> {
    this.#endChecks();
    this.#overrides.clear();
    await this.#outlets.shutdown(deadlineMs);
    await this.rules.close();
  }

  status(): TracerStatus {
    const { settings, counts } = this.#tracer;
    const { exported, dropped, queued } = this.#outlets.totals();
    return {
      mode: settings.mode,
      overrides: this.#overrides.status(this.#configured),
      log_tracing_rate: settings.logTracingRate,
      effective_rate: this.#decision.effectiveRate,
      sampler: settings.sampler.type,
      log_spans: settings.logSpans,
      logs_traced: counts.logsTraced,
      logs_traced_by_reason: counts.logsByReason,
      parents_turned_away: this.#decision.parentsTurnedAway,
      spans_created: counts.spans,
      spans_exported: exported,
      spans_dropped: dropped,
      spans_queued: queued,
      adaptive_sampling: this.#adaptive.status(),
      on_demand_rules: this.rules.list(),
      exporters: this.#outlets.status(),
      store: this.store.status(),
      governor: this.#governor.status(),
      cpu_seconds: this.cpuMs / 1000,
    };
  }

  /** Puts an on-demand rule in force, in place of one for the same source id. @throws RuleRefusedError */
  enable(request: RuleRequest): RuleStatus {
    return this.rules.enable(request);
  }

  /** Ends the rule that was enabled with this source id; false when there is none. */
  disable(sourceId: string): boolean {
    return this.rules.disable(sourceId);
  }

  /** A test of whether a rule for this source id has a say in a stream, or in a configured source as a whole. */
  matcher(sourceId: string): (named: Named) => boolean {
    const pattern = new SourcePattern(sourceId);
    const isExcluded = sourceExclusion(this.settings.exclude.sources);
    return (named) => pattern.closeness(named) !== Closeness.none && !isExcluded(named);
  }

  /**
   * What would be decided about logs now and why, and what a rule for them would cost.
   * @param known every configured source and every stream there is.
   */
  explain(request: ExplainRequest, known: readonly Named[]): Explanation {
    const { clock, sinksOf, isProcessed, carriesContexts } = this.#options;
    const { settings, counts } = this.#tracer;
    const now = clock.now();
    this.rules.expire(now);
    return explain(request, known, {
      deciding: {
        settings,
        isExcluded: sourceExclusion(settings.exclude.sources),
        ruleFor: (stream) => this.rules.match(stream),
        adaptive: this.#adaptive.status(),
        sinksOf,
        carriesContexts,
        factor: this.#governor.factor,
      },
      rates: this.rates,
      ring: this.#ring,
      spent: { logSpans: counts.spans.log, systemSpans: counts.spans.system, cpuMs: this.cpuMs },
      isProcessed,
      now,
    });
  }

  /** Logs whose traces are remembered, the newest first. */
  tracedLogs(): Iterable<TracedLog> {
    return tracedLogs(this.#ring);
  }

  /** Traces that the agent remembers, the newest first. `incomplete`: there may be more than were looked at. */
  traces(query: TraceQuery): { readonly traces: readonly TraceSummary[]; readonly incomplete: boolean } {
    const { traces, incomplete } = this.store.query(query);
    return { traces: traces.map(traceSummary), incomplete };
  }

  /**
   * Everything remembered of a trace, and of the batches its logs were in; null when nothing is.
   * @param traceId 32 hexadecimal digits.
   */
  trace(
    traceId: string,
  ): { readonly traces: readonly TraceJson[]; readonly linked: readonly TraceJson[] } | null {
    const details = this.store.get(traceId);
    if (details === null) return null;
    return { traces: details.traces.map(traceJson), linked: details.linked.map(traceJson) };
  }

  #applyOverrides(): void {
    // Exporters are no part of it: none is built, none is waited for.
    void this.#apply(this.#overrides.over(this.#configured));
  }

  /**
   * Settings for batches whose logs are not chosen yet; those under way are finished under the old ones, so that no
   * trace is half made.
   */
  #apply(settings: TracingSettings): Promise<void> {
    const exporters = this.#exporters.of(settings);
    this.#decision.update(settings);
    this.#adaptive.update(settings.adaptive);
    this.rules.update(settings.onDemand);
    this.#tail.update(settings.tail);
    this.#governor.update(settings.maxOverhead);
    this.#tracer.update(settings);
    return this.#outlets.replace(exporters, REPLACED_DEADLINE_MS);
  }

  #createExporters({ exporters, resource }: TracingSettings): SpanExporter[] {
    const { clock, log, version } = this.#options;
    const envelope = encodeEnvelope(resource, this.#host, version);
    return createExporters(exporters, { envelope, version, clock, log });
  }
}
