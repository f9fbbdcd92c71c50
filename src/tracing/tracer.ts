/**
 * The tracing engine as the dispatcher sees it: an observer. When a batch's processors are done it has logs chosen, so
 * that sinks can stamp them; when every sink is done with the batch it has spans written. Both under the settings of the
 * first moment, so that a change never leaves half a trace. It never delays a batch and looks at no log that is not
 * traced, but for a context that may say so; in mode off it does nothing at all.
 */
import type { Clock } from '../component/clock.ts';
import type { Observer, Outcome } from '../component/observer.ts';
import type { Kernel } from '../kernel/kernel.ts';
import type { IdSeed } from '../kernel/trace-ids.ts';
import type { Batch } from '../record/batch.ts';
import type { Delivery } from '../record/delivery.ts';
import type { Segment } from '../record/segment.ts';
import type { AdaptiveObserver } from './adaptive/adaptive-observer.ts';
import { ContextReader } from './decision/context-reader.ts';
import type { Decision } from './decision/decision.ts';
import { type Group, LogChoice, liveRowsOf } from './decision/log-choice.ts';
import type { Outlets } from './exporters/outlets.ts';
import { REASONS, type Reason } from './mode.ts';
import { SelfMeasurement } from './self-measurement.ts';
import type { TracingSettings } from './settings/settings.ts';
import { takesDeflated } from './settings/settings-exporters.ts';
import { Annotations } from './spans/annotate.ts';
import { BatchLinks } from './spans/batch-links.ts';
import { type BatchSpans, LogSpanWriter, type SpanSettings } from './spans/log-span-writer.ts';
import { LogTemplates } from './spans/log-templates.ts';
import { type ServerSpan, ServerSpans } from './spans/server-spans.ts';
import { SpanBlobs } from './spans/span-blobs.ts';
import { spanFilter } from './spans/span-names.ts';
import { SystemSpans } from './spans/system-spans.ts';
import { TraceSeeds } from './spans/trace-seeds.ts';
import { type BatchWays, Ways } from './spans/ways.ts';
import type { SpanRing } from './store/span-ring.ts';
import type { TailKeeper } from './tail/tail.ts';

type KernelPart = 'bytes' | 'blobs' | 'links' | 'spans' | 'encodeSpans' | 'extractContexts' | 'maySaySampled';

export interface TracerOptions {
  readonly settings: TracingSettings;
  readonly kernel: Pick<Kernel, KernelPart>;
  readonly clock: Pick<Clock, 'now' | 'toEpoch'>;
  readonly decision: Decision;
  readonly tail: TailKeeper;
  readonly adaptive: AdaptiveObserver;
  readonly ring: SpanRing;
  readonly outlets: Outlets;
  /** Whether a configured source has processors. */
  readonly isProcessed: (source: string) => boolean;
  /** Whether logs of a configured source may hold a W3C context in their text. */
  readonly carriesContexts: (source: string) => boolean;
  /** Numbers from 0 (inclusive) to 1 (exclusive); for tests. */
  readonly random?: () => number;
}

/** What the tracer has made since the start. */
export interface TracerCounts {
  readonly logsTraced: number;
  readonly logsByReason: Readonly<Record<Reason, number>>;
  readonly spans: { readonly log: number; readonly system: number };
}

/** What follows from the settings. */
interface Outfit {
  readonly settings: TracingSettings;
  /** Without its root nothing of a log is written, and no id stamped. */
  readonly tracesLogs: boolean;
  readonly spans: SpanSettings;
  readonly system: SystemSpans;
  readonly server: ServerSpans;
}

/** Where no log is traced. */
const NO_IDS: IdSeed = { prefix: 0n, seed: 0n };

/** Spans in a run, at most: as many as a slot of a busy agent has logs. */
const RUN_SPANS = 8192;

/** A batch between `processed` and `completed`. */
interface Plan {
  readonly outfit: Outfit;
  readonly ids: IdSeed;
  readonly groups: readonly Group[];
  /** Sources in the batch, and which of them had processors when it was processed: a reload may change that. */
  readonly sources: readonly string[];
  readonly processed: readonly string[];
  /** And whose logs may hold a context in their text; of hybrid, where some are traced after the fact. */
  readonly carrying: readonly string[];
}

export class Tracer implements Observer {
  readonly measurement: SelfMeasurement;
  readonly #options: TracerOptions;
  readonly #random: () => number;
  readonly #contexts: ContextReader;
  readonly #choice: LogChoice;
  readonly #writer: LogSpanWriter;
  readonly #ways = new Ways();
  readonly #seeds = new TraceSeeds();
  readonly #links: BatchLinks;
  /** Of batches on their way: each is completed, or the agent ends. */
  readonly #plans = new Map<Batch, Plan>();
  readonly #byReason = Object.fromEntries(REASONS.map((reason) => [reason, 0])) as Record<Reason, number>;
  /** Of the batch's own trace and of its span. */
  readonly #traceId = new Uint32Array(4);
  readonly #spanId = new Uint32Array(2);
  #outfit: Outfit;
  #logs = 0;
  #logSpans = 0;
  #systemSpans = 0;

  constructor(options: TracerOptions) {
    this.#options = options;
    this.#random = options.random ?? Math.random;
    this.measurement = new SelfMeasurement(options.clock);
    this.#contexts = new ContextReader(options.kernel, options.carriesContexts);
    this.#choice = new LogChoice({ ...options, contexts: this.#contexts, random: this.#random });
    this.#writer = new LogSpanWriter(options);
    this.#links = new BatchLinks(options.kernel);
    this.#outfit = this.#outfitOf(options.settings);
  }

  get counts(): TracerCounts {
    return {
      logsTraced: this.#logs,
      logsByReason: { ...this.#byReason },
      spans: { log: this.#logSpans, system: this.#systemSpans },
    };
  }

  get settings(): TracingSettings {
    return this.#outfit.settings;
  }

  /** Applies other settings to batches whose logs are not chosen yet. The decision and the others are told by the caller. */
  update(settings: TracingSettings): void {
    this.#outfit = this.#outfitOf(settings);
  }

  processed(batch: Batch): void {
    const outfit = this.#outfit;
    const { mode } = outfit.settings;
    if (mode === 'off') return;
    this.measurement.measure(() => {
      this.#options.adaptive.processed(batch);
      const { tracesLogs } = outfit;
      const ids = tracesLogs ? this.#seeds.take() : NO_IDS;
      const groups = tracesLogs ? this.#choice.choose(batch, ids, outfit.settings) : [];
      const sources: string[] = [];
      for (const { stream } of batch.segments) {
        if (!sources.includes(stream.source)) sources.push(stream.source);
      }
      const processed = sources.filter(this.#options.isProcessed);
      const carrying = mode === 'hybrid' ? sources.filter(this.#options.carriesContexts) : [];
      this.#plans.set(batch, { outfit, ids, groups, sources, processed, carrying });
    });
  }

  attempted(delivery: Delivery): void {
    // Whatever it tries to deliver: what comes from a disk buffer was chosen, or not, long ago.
    if (this.settings.mode !== 'off') this.#options.adaptive.attempted(delivery);
  }

  settled(delivery: Delivery, outcome: Outcome, reason?: string): void {
    if (!this.#plans.has(delivery.batch)) return;
    this.#options.adaptive.settled(delivery);
    this.#ways.settled(delivery, outcome, reason);
  }

  replayed(delivery: Delivery): void {
    if (this.settings.mode !== 'off') this.#options.adaptive.replayed(delivery);
  }

  completed(batch: Batch, deliveries: readonly Delivery[]): void {
    const plan = this.#plans.get(batch);
    if (plan === undefined) return;
    this.#plans.delete(batch);
    this.measurement.measure(() => {
      this.#options.adaptive.completed(batch, deliveries);
      this.#write(batch, deliveries, plan);
    });
  }

  /** Writes the span of a request to the API, except in mode off. It never throws, and costs no log anything. */
  serverSpan(span: ServerSpan): void {
    const { settings, server } = this.#outfit;
    if (settings.mode === 'off') return;
    this.measurement.measure(() => {
      this.#systemSpans += server.write(span, this.#options.clock.toEpoch(0));
    });
  }

  #write(batch: Batch, deliveries: readonly Delivery[], plan: Plan): void {
    const { outfit, ids, groups, sources, processed } = plan;
    const ways = this.#ways.of(batch, deliveries);
    const links = this.#links;
    links.clear();
    this.#draw(this.#traceId);
    this.#draw(this.#spanId);
    const shared: BatchSpans = {
      batch,
      ids,
      settings: outfit.spans,
      // Taken once: wall time may be stepped between two readings, and children must lie inside their parents.
      epoch: this.#options.clock.toEpoch(0),
      traceId: this.#traceId,
      spanId: this.#spanId,
      links,
      processed,
    };
    for (const group of groups) this.#writeGroup(shared, group, ways);
    for (const group of this.#keepTail(batch, deliveries, plan)) this.#writeGroup(shared, group, ways);

    this.#systemSpans += outfit.system.write({
      ...shared,
      deliveries,
      mode: outfit.settings.mode,
      endedAt: ways.endedAt,
      sources: sources.length,
      processed: processed.length > 0,
    });
  }

  #writeGroup(shared: BatchSpans, group: Group, ways: BatchWays): void {
    const parts = group.filtered
      ? [{ way: ways.filtered, rows: group.rows }]
      : ways.divide(group.segment, group.rows, () => liveRows(group.segment));
    for (const { way, rows } of parts) {
      const { logs, spans } = this.#writer.write(shared, group, rows, way);
      this.#logs += logs;
      this.#byReason[group.reason] += logs;
      this.#logSpans += spans;
    }
  }

  #draw(id: Uint32Array): void {
    for (let i = 0; i < id.length; i++) id[i] = this.#random() * 2 ** 32;
  }

  #keepTail(
    batch: Batch,
    deliveries: readonly Delivery[],
    { outfit: { settings, tracesLogs }, groups, carrying }: Plan,
  ): Group[] {
    const { decision, tail } = this.#options;
    if (settings.mode !== 'hybrid' || !tracesLogs) return [];
    const picks = tail.keep(batch, deliveries, {
      keeps: (segment) => decision.keepsTail(segment, batch.processedAt),
      traced: (segment) => ({ rows: liveRowsOf(groups.filter((group) => group.segment === segment)) }),
    });
    return picks.map(({ segment, rows, reason }) => {
      const weight = { threshold: 0n, traceState: '', note: '' };
      const carries = carrying.includes(segment.stream.source);
      const contexts =
        settings.incoming === 'ignore' ? 'none' : this.#contexts.read(batch, segment, rows, carries);
      return { ...weight, segment, rows, count: rows.length, filtered: false, reason, contexts };
    });
  }

  #outfitOf(settings: TracingSettings): Outfit {
    const { ring, outlets, kernel } = this.#options;
    const { mode, logSpans, incoming, exclude, exporters } = settings;
    const writes = spanFilter(exclude.spanNames);
    const annotations = new Annotations(settings.annotate);
    const shared = { ring, outlets, random: this.#random, writes };
    const system = new SystemSpans(shared);
    return {
      settings,
      tracesLogs: mode !== 'system-only' && writes('log.process'),
      system,
      server: new ServerSpans(shared),
      spans: {
        mode,
        compact: logSpans === 'compact',
        incoming,
        shorterThanMs: exclude.shorterThanMs,
        runSpans: Math.min(RUN_SPANS, ...exporters.map(({ maxExportBatchSize }) => maxExportBatchSize)),
        deflates: exporters.every(takesDeflated),
        templates: new LogTemplates({ annotations, writes, linked: system.enabled }),
        blobs: new SpanBlobs(kernel.blobs, annotations),
      },
    };
  }
}

function liveRows({ first, count, live }: Segment): Uint32Array {
  return live ?? Uint32Array.from({ length: count }, (_, i) => first + i);
}
