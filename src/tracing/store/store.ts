/**
 * Answers questions about the spans that the agent remembers: looks through the ring from the newest run to the oldest,
 * by what is known of each run, and decodes only what is shown. The work of one question is bounded. Asked by the API
 * and the console; never on the path of a log.
 */
import type { LogOutcome, Reason } from '../mode.ts';
import { SpanKind } from '../spans/otlp-writer.ts';
import { recordUid } from '../spans/record-uid.ts';
import { plainSpans } from '../spans/span-run.ts';
import {
  type Attributes,
  type DecodedSpan,
  decodeScopeAttributes,
  decodeSpans,
  withScope,
} from '../spans/spans-decoder.ts';
import type { LogRunMeta, Run } from './run.ts';
import { SpanIndex } from './span-index.ts';
import type { SpanRing } from './span-ring.ts';

export interface TraceQuery {
  /** 32 hexadecimal digits. With it and without `type`, traces of both types are found. */
  readonly traceId?: string | undefined;
  /** Id of a stream, such as a path, or of a configured source. */
  readonly sourceId?: string | undefined;
  readonly outcome?: LogOutcome | undefined;
  readonly reason?: Reason | undefined;
  /** Milliseconds, both inclusive. */
  readonly minDurationMs?: number | undefined;
  readonly maxDurationMs?: number | undefined;
  /** Milliseconds since 1970 of the trace's start: from (inclusive) and to (exclusive). */
  readonly fromMs?: number | undefined;
  readonly toMs?: number | undefined;
  /** `log` (default): traces of logs; `system`: of batches and requests, to which only duration and time apply. */
  readonly type?: 'log' | 'system' | undefined;
  /** Most traces to return, 1 to 1000; 20 if left out. */
  readonly limit?: number | undefined;
}

/** Spans of one log, of one batch, or of one request to the API. */
export interface FoundTrace {
  /** 32 lower-case hexadecimal digits. */
  readonly traceId: string;
  readonly type: 'log' | 'system';
  /** Of a log's trace. */
  readonly meta: LogRunMeta | null;
  readonly startedAtMs: number;
  readonly durationMs: number;
  /** The root is the last. */
  readonly spans: readonly DecodedSpan[];
}

export interface FoundTraces {
  /** The newest first. */
  readonly traces: readonly FoundTrace[];
  /** The question was answered only in part: not all that the agent remembers was looked at. */
  readonly incomplete: boolean;
}

export interface TraceDetails {
  /** All spans with that trace id: several logs may have joined one trace. */
  readonly traces: readonly FoundTrace[];
  /** Of a log's trace: the trace of the batch it was in. */
  readonly linked: readonly FoundTrace[];
}

const DEFAULT_LIMIT = 20;
const MAX_LIMIT = 1000;
/** Traces looked at for one question, decoded only where they have to be: some 50 ms of work. */
const MAX_DECODED = 5000;
/** Traces with one id that are returned. */
const MAX_SAME_ID = 1000;
/** Of runs that are looked through for one id, when they are not compressed: some 50 ms of work. */
const MAX_SEARCHED_BYTES = 64 * 2 ** 20;
/** Batches shown that the logs of one trace were in. */
const MAX_LINKED = 16;
/** The last span of every trace of a log or a batch. A request is one span, of this kind. */
const ROOTS: ReadonlySet<string> = new Set(['log.process', 'dispatcher.process_batch']);
const isRoot = ({ name, kind }: DecodedSpan) => kind === SpanKind.server || ROOTS.has(name);

export class TraceStore {
  readonly #ring: SpanRing;

  constructor(ring: SpanRing) {
    this.#ring = ring;
  }

  /** Spans remembered, spans overwritten since the start, and most bytes they may take. */
  status(): { readonly spans: number; readonly overwritten_spans: number; readonly memory_bytes: number } {
    const { spans, overwritten, region } = this.#ring;
    return { spans, overwritten_spans: overwritten, memory_bytes: region.capacity };
  }

  query(query: TraceQuery = {}): FoundTraces {
    const type = query.type ?? 'log';
    const limit = Math.max(1, Math.min(query.limit ?? DEFAULT_LIMIT, MAX_LIMIT));
    if (query.traceId !== undefined) {
      const { found, incomplete } = this.#find(Buffer.from(query.traceId, 'hex'));
      const traces = found.filter(
        (trace) =>
          (query.type === undefined || trace.type === query.type) &&
          (trace.meta === null || matchesLog(trace.meta, query)) &&
          matchesTimes(trace, query),
      );
      return { traces: traces.slice(0, limit), incomplete };
    }
    const traces: FoundTrace[] = [];
    let decoded = 0;
    for (const run of this.#ring.newestFirst()) {
      if (run.type !== type || (run.meta !== null && !matchesLog(run.meta, query))) continue;
      const index = new SpanIndex(plainSpans(run));
      for (let n = index.length - 1; n >= 0; n--) {
        if (decoded >= MAX_DECODED) return { traces, incomplete: true };
        const found = decode(run, index, n);
        decoded += found.length;
        traces.push(...found.filter((trace) => matchesTimes(trace, query)));
        if (traces.length >= limit) return { traces: traces.slice(0, limit), incomplete: false };
      }
    }
    return { traces, incomplete: false };
  }

  /** Everything remembered of a trace; null when nothing is. @param traceId 32 hexadecimal digits. */
  get(traceId: string): TraceDetails | null {
    if (!/^[0-9a-f]{32}$/i.test(traceId)) return null;
    const traces = this.#find(Buffer.from(traceId, 'hex')).found;
    if (traces.length === 0) return null;
    const batches = new Set<string>();
    for (const { type, spans } of traces) {
      if (type === 'log') for (const { traceId: id } of spans.at(-1)!.links) batches.add(id);
    }
    batches.delete(traceId.toLowerCase());
    const linked = [...batches]
      .slice(0, MAX_LINKED)
      .flatMap((id) => this.#find(Buffer.from(id, 'hex')).found);
    return { traces, linked };
  }

  #find(traceId: Buffer): { found: FoundTrace[]; incomplete: boolean } {
    const found: FoundTrace[] = [];
    const half = traceId.subarray(traceId.length / 2);
    let searched = 0;
    for (const run of this.#ring.newestFirst()) {
      // Second halves are random and never compressed, so nearly every run without the trace is passed over by one search.
      if (run.bytes.indexOf(half) === -1) continue;
      if (searched > MAX_SEARCHED_BYTES) return { found, incomplete: true };
      searched += run.deflated?.length ?? run.bytes.length;
      const index = new SpanIndex(plainSpans(run));
      for (let n = index.length - 1; n >= 0; n--) {
        if (index.hasTraceId(n, traceId)) found.push(...decode(run, index, n));
        if (found.length >= MAX_SAME_ID) return { found: found.slice(0, MAX_SAME_ID), incomplete: true };
      }
    }
    return { found, incomplete: false };
  }
}

function matchesLog(meta: LogRunMeta, query: TraceQuery): boolean {
  const { sourceId, outcome, reason } = query;
  return (
    (sourceId === undefined || meta.sourceId === sourceId || meta.source === sourceId) &&
    (outcome === undefined || meta.outcome === outcome) &&
    (reason === undefined || meta.reason === reason) &&
    matchesTimes(meta, query)
  );
}

function matchesTimes(times: Pick<LogRunMeta, 'startedAtMs' | 'durationMs'>, query: TraceQuery): boolean {
  const { minDurationMs, maxDurationMs, fromMs, toMs } = query;
  return (
    (minDurationMs === undefined || times.durationMs >= minDurationMs) &&
    (maxDurationMs === undefined || times.durationMs <= maxDurationMs) &&
    (fromMs === undefined || times.startedAtMs >= fromMs) &&
    (toMs === undefined || times.startedAtMs < toMs)
  );
}

/** Decodes a stretch of one trace id, the newest first: logs of one request that follow each other may share the id. */
function decode(run: Run, index: SpanIndex, n: number): FoundTrace[] {
  const traces: FoundTrace[] = [];
  let spans: DecodedSpan[] = [];
  const scope = decodeScopeAttributes(run.scope);
  for (const encoded of decodeSpans(index.bytesOf(n))) {
    const span = run.scope === null ? encoded : whole(encoded, scope, run.meta);
    spans.push(span);
    if (!isRoot(span)) continue;
    traces.push(traceOf(run, spans, span));
    spans = [];
  }
  return traces.reverse();
}

/** A compact span with what it leaves to its scope, and with the uid that it leaves out. */
function whole(span: DecodedSpan, scope: Attributes, meta: LogRunMeta | null): DecodedSpan {
  const offset = span.attributes.get('log.offset');
  if (meta === null || typeof offset !== 'bigint') return withScope(span, scope);
  const stream = { source: meta.source, id: meta.sourceId };
  const uid = ['log.record.uid', recordUid(stream, meta.startedAtMs, offset)] as const;
  return withScope(span, new Map([...scope, uid]));
}

function traceOf({ type, meta }: Run, spans: readonly DecodedSpan[], root: DecodedSpan): FoundTrace {
  const { traceId, startTimeUnixNano, endTimeUnixNano } = root;
  return {
    traceId,
    type,
    meta,
    startedAtMs: meta?.startedAtMs ?? Number(startTimeUnixNano / 1000n) / 1000,
    durationMs: meta?.durationMs ?? Number(endTimeUnixNano - startTimeUnixNano) / 1e6,
    spans,
  };
}
