/**
 * Traces as the API shows them: plain objects for `JSON.stringify` that people can read, with hexadecimal ids, times in
 * ISO 8601 to the microsecond and attributes as objects. Not a wire format: exporters have OTLP's. Called by `Tracing`
 * for what is asked for, never on the path of a log.
 */
import { jsonAttributeValue } from '../exporters/otlp-json.ts';
import type { LogOutcome, Reason } from '../mode.ts';
import type { Attributes, DecodedEvent, DecodedLink, DecodedSpan } from '../spans/spans-decoder.ts';
import type { FoundTrace } from './store.ts';

type JsonAttributes = Readonly<Record<string, unknown>>;

/** A trace without its spans. */
export interface TraceSummary {
  readonly trace_id: string;
  /** Of one log, or of one batch. */
  readonly type: 'log' | 'system';
  readonly started_at: string;
  readonly duration_ms: number;
  readonly span_count: number;
  /** Of the root span. */
  readonly status: StatusJson;
  /** Id of the stream, id of the configured source, why it was traced and how it ended: of a log. */
  readonly source_id?: string;
  readonly source?: string;
  readonly reason?: Reason;
  readonly outcome?: LogOutcome;
}

/** A trace with its spans, the root first. */
export interface TraceJson extends TraceSummary {
  readonly spans: readonly SpanJson[];
}

export interface StatusJson {
  readonly code: (typeof STATUS_CODES)[number];
  readonly message?: string;
}

export interface SpanJson {
  readonly trace_id: string;
  readonly span_id: string;
  readonly parent_span_id: string | null;
  readonly trace_state?: string;
  readonly name: string;
  readonly kind: (typeof KINDS)[number];
  readonly started_at: string;
  readonly ended_at: string;
  readonly duration_ms: number;
  readonly status: StatusJson;
  readonly attributes: JsonAttributes;
  readonly events: readonly {
    readonly at: string;
    readonly name: string;
    readonly attributes: JsonAttributes;
  }[];
  readonly links: readonly {
    readonly trace_id: string;
    readonly span_id: string;
    readonly attributes: JsonAttributes;
  }[];
  readonly dropped_links?: number;
}

/** OTLP's numbers of `Status.code` and `Span.kind` are the indexes (opentelemetry-proto, trace/v1). */
const STATUS_CODES = ['unset', 'ok', 'error'] as const;
const KINDS = ['unspecified', 'internal', 'server', 'client', 'producer', 'consumer'] as const;

export function traceSummary({ traceId, type, meta, spans }: FoundTrace): TraceSummary {
  const root = spans.at(-1)!;
  return {
    trace_id: traceId,
    type,
    started_at: isoTime(root.startTimeUnixNano),
    duration_ms: durationMs(root),
    span_count: spans.length,
    status: statusJson(root),
    ...(meta !== null && {
      source_id: meta.sourceId,
      source: meta.source,
      reason: meta.reason,
      outcome: meta.outcome,
    }),
  };
}

export function traceJson(found: FoundTrace): TraceJson {
  const { spans } = found;
  return { ...traceSummary(found), spans: [spans.at(-1)!, ...spans.slice(0, -1)].map(spanJson) };
}

function spanJson(span: DecodedSpan): SpanJson {
  return {
    trace_id: span.traceId,
    span_id: span.spanId,
    parent_span_id: span.parentSpanId === '' ? null : span.parentSpanId,
    ...(span.traceState !== '' && { trace_state: span.traceState }),
    name: span.name,
    kind: KINDS[span.kind] ?? 'unspecified',
    started_at: isoTime(span.startTimeUnixNano),
    ended_at: isoTime(span.endTimeUnixNano),
    duration_ms: durationMs(span),
    status: statusJson(span),
    attributes: attributesJson(span.attributes),
    events: span.events.map(eventJson),
    links: span.links.map(linkJson),
    ...(span.droppedLinksCount > 0 && { dropped_links: span.droppedLinksCount }),
  };
}

function eventJson({ timeUnixNano, name, attributes }: DecodedEvent) {
  return { at: isoTime(timeUnixNano), name, attributes: attributesJson(attributes) };
}

function linkJson({ traceId, spanId, attributes }: DecodedLink) {
  return { trace_id: traceId, span_id: spanId, attributes: attributesJson(attributes) };
}

function statusJson({ status }: DecodedSpan): StatusJson {
  const code = STATUS_CODES[status.code] ?? 'unset';
  return status.message === '' ? { code } : { code, message: status.message };
}

function attributesJson(attributes: Attributes): JsonAttributes {
  return jsonAttributeValue(attributes) as JsonAttributes;
}

/** Milliseconds, to the microsecond that times have. */
function durationMs({ startTimeUnixNano, endTimeUnixNano }: DecodedSpan): number {
  return Number((endTimeUnixNano - startTimeUnixNano) / 1000n) / 1000;
}

/** Such as `2026-11-20T10:00:00.000250Z`. */
function isoTime(unixNano: bigint): string {
  const micros = unixNano / 1000n;
  const text = new Date(Number(micros / 1000n)).toISOString();
  return `${text.slice(0, -1)}${String(micros % 1000n).padStart(3, '0')}Z`;
}
