/**
 * Answers "what would be decided about the logs of this source, why, and what would a rule for it cost?" from the state
 * of tracing at this moment. Changes nothing. Called by `Tracing` for `POST /api/tracing/explain`.
 */
import { Closeness, type Named, SourcePattern } from '../decision/source-pattern.ts';
import type { LogRates } from '../log-rates.ts';
import type { Mode } from '../mode.ts';
import type { TracingSettings } from '../settings/settings.ts';
import { spanFilter } from '../spans/span-names.ts';
import type { SpanRing } from '../store/span-ring.ts';
import { type Cost, costOf, measuredCpuNs, type Spent } from './cost.ts';
import type { ExplainRequest } from './explain-request.ts';
import { type Deciding, explainStream, type StreamDecision } from './steps.ts';

/** Kinds of streams that are explained: one for each configured source and rule. */
const MAX_KINDS = 1000;
/** Streams named as examples of a decision. */
const MAX_EXAMPLES = 5;
/** Decisions shown, those about most streams first. */
const MAX_DECISIONS = 20;
/** Newest runs of spans whose bytes are counted. */
const MAX_RUNS = 2000;

export interface Explanation {
  readonly source_id: string;
  readonly mode: Mode;
  /** Streams, or configured sources without any, that the source id names now. */
  readonly streams: number;
  readonly decisions: readonly (StreamDecision & {
    /** How many of the streams it is about; 0: none is there yet, this is what would hold for the first. */
    readonly streams: number;
    readonly examples: readonly string[];
  })[];
  readonly cost: Cost & { readonly rule: { readonly rate: number; readonly duration_seconds: number } };
  /** What to know when reading the rest. */
  readonly notes: readonly string[];
}

export interface ExplainParts {
  readonly deciding: Deciding;
  readonly rates: Pick<LogRates, 'of'>;
  readonly ring: Pick<SpanRing, 'newestFirst' | 'region'>;
  readonly spent: Spent;
  readonly isProcessed: (source: string) => boolean;
  /** Monotonic milliseconds. */
  readonly now: number;
}

/** @param known every configured source and every stream there is. */
export function explain(request: ExplainRequest, known: readonly Named[], parts: ExplainParts): Explanation {
  const { deciding, rates, now } = parts;
  const { settings } = deciding;
  const pattern = new SourcePattern(request.source_id);
  const names = (named: Named) => pattern.closeness(named) !== Closeness.none;
  const matched = streamsOf(known).filter(names);
  const everything = rates.of(() => true, now).logsPerSecond;
  return {
    source_id: request.source_id,
    mode: settings.mode,
    streams: matched.length,
    decisions: decisionsOf(
      matched.length > 0 ? matched : [{ id: request.source_id, source: request.source_id }],
      matched.length,
      deciding,
      (stream) => explainStream(stream, deciding, request.sample, everything),
    ),
    ...costAndNotes(request, names, matched, parts),
  };
}

/** Streams, and the configured sources that have none. */
function streamsOf(known: readonly Named[]): Named[] {
  const withStreams = new Set(known.filter(({ id, source }) => id !== source).map(({ source }) => source));
  return known.filter(({ id, source }) => id !== source || !withStreams.has(source));
}

/** One entry for all streams about which the same is decided in the same way. */
function decisionsOf(
  streams: readonly Named[],
  matched: number,
  { isExcluded, ruleFor }: Pick<Deciding, 'isExcluded' | 'ruleFor'>,
  decide: (stream: Named) => StreamDecision,
): Explanation['decisions'] {
  // Nothing else about a stream has a say: ten thousand of them must not be explained one by one.
  const kinds = new Map<string, { first: Named; count: number; examples: string[] }>();
  for (const stream of streams) {
    const rule = ruleFor(stream)?.sourceId ?? '';
    const key = `${isExcluded(stream)}\n${stream.source}\n${rule}`;
    const kind = kinds.get(key) ?? { first: stream, count: 0, examples: [] };
    kinds.set(key, kind);
    kind.count++;
    if (matched > 0 && kind.examples.length < MAX_EXAMPLES) kind.examples.push(stream.id);
  }
  const found = new Map<string, { decision: StreamDecision; count: number; examples: string[] }>();
  for (const { first, count, examples } of [...kinds.values()].slice(0, MAX_KINDS)) {
    const decision = decide(first);
    const key = JSON.stringify(decision);
    const same = found.get(key) ?? { decision, count: 0, examples: [] };
    found.set(key, same);
    same.count += count;
    same.examples.push(...examples.slice(0, MAX_EXAMPLES - same.examples.length));
  }
  return [...found.values()]
    .sort((a, b) => b.count - a.count)
    .slice(0, MAX_DECISIONS)
    .map(({ decision, count, examples }) => ({ streams: Math.min(count, matched), examples, ...decision }));
}

function costAndNotes(
  { rule, source_id }: ExplainRequest,
  names: (named: Named) => boolean,
  matched: readonly Named[],
  { deciding, rates, ring, spent, isProcessed, now }: ExplainParts,
): Pick<Explanation, 'cost' | 'notes'> {
  const { settings, isExcluded, sinksOf } = deciding;
  const rate = rule?.rate ?? 1;
  const durationMs = rule?.duration ?? settings.onDemand.defaultDurationMs;
  const { logsPerSecond } = rates.of((stream) => names(stream) && !isExcluded(stream), now);
  const sources = [...new Set(matched.map(({ source }) => source))];
  const perLog = sources.map((source) => spansPerLog(settings, sinksOf(source), isProcessed(source)));
  const cost = costOf({
    logsPerSecond,
    rate,
    durationMs,
    // Of several sources the dearest: an estimate that is too high does no harm.
    spansPerLog: Math.max(...(perLog.length > 0 ? perLog : [spansPerLog(settings, [''], false)])),
    shape: settings.logSpans,
    spanBytes: measuredBytes(ring, new Set(matched.map(({ id }) => id))),
    spanCpuNs: measuredCpuNs(spent),
    storeBytes: ring.region.capacity,
  });
  const notes: string[] = [];
  if (matched.length === 0) notes.push(`nothing that the agent reads is called ${source_id} now`);
  if (logsPerSecond === 0) notes.push('no log of it came in the last seconds, so it would cost nothing now');
  if (rule?.where !== undefined)
    notes.push('how many logs pass the where is not known: this is the most it can cost');
  if (settings.mode !== 'hybrid')
    notes.push(`rules are accepted only in mode hybrid; this is mode ${settings.mode}`);
  const { bytes_measured, cpu_measured } = cost.span;
  if (!bytes_measured || !cpu_measured) {
    const what = [...(bytes_measured ? [] : ['bytes']), ...(cpu_measured ? [] : ['CPU'])].join(' and ');
    notes.push(`too little was traced to measure what a span takes here: ${what} are reference figures`);
  }
  return { cost: { rule: { rate, duration_seconds: durationMs / 1000 }, ...cost }, notes };
}

/** As spans/log-spans.ts writes them. */
function spansPerLog(settings: TracingSettings, sinks: readonly string[], processed: boolean): number {
  const writes = spanFilter(settings.exclude.spanNames);
  const stages =
    settings.logSpans === 'compact'
      ? []
      : [
          'dispatcher.queue',
          ...(processed ? ['processor.run'] : []),
          ...sinks.map((id) => `sink.${id}.send`),
        ];
  return ['log.process', ...stages].filter(writes).length;
}

/**
 * Bytes of a log span of these streams, of the newest the store remembers; null when it remembers none. Those of others
 * say nothing: where few logs of a batch are traced, spans are not compressed and take ten times as much.
 */
function measuredBytes(ring: ExplainParts['ring'], streams: ReadonlySet<string>): number | null {
  let bytes = 0;
  let spans = 0;
  let runs = 0;
  for (const run of ring.newestFirst()) {
    if (run.meta === null || !streams.has(run.meta.sourceId)) continue;
    bytes += run.bytes.length;
    spans += run.spans;
    if (++runs === MAX_RUNS) break;
  }
  return spans === 0 ? null : bytes / spans;
}
