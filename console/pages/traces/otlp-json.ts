/**
 * A trace as OTLP JSON, to be loaded elsewhere (https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding): ids in
 * hexadecimal, times as text of nanoseconds. Made in the browser from the API's answer.
 */
import { type Found, micros, type Span } from '../../charts/waterfall.ts';

/** opentelemetry-proto, trace.proto: SpanKind and StatusCode. */
const KINDS = { unspecified: 0, internal: 1, server: 2, client: 3, producer: 4, consumer: 5 } as const;
const CODES = { unset: 0, ok: 1, error: 2 } as const;

export function otlpJson(traces: readonly Found[], service: string): object {
  return {
    resourceSpans: [
      {
        resource: { attributes: attributes({ 'service.name': service }) },
        scopeSpans: [{ scope: { name: service }, spans: traces.flatMap(({ spans }) => spans.map(spanOf)) }],
      },
    ],
  };
}

function spanOf(span: Span): object {
  return {
    traceId: span.trace_id,
    spanId: span.span_id,
    ...(span.parent_span_id !== null && { parentSpanId: span.parent_span_id }),
    ...(span.trace_state !== undefined && { traceState: span.trace_state }),
    name: span.name,
    kind: KINDS[span.kind],
    startTimeUnixNano: nanos(span.started_at),
    endTimeUnixNano: nanos(span.ended_at),
    attributes: attributes(span.attributes),
    events: span.events.map(({ at, name, attributes: own }) => ({
      timeUnixNano: nanos(at),
      name,
      attributes: attributes(own),
    })),
    links: span.links.map((link) => ({
      traceId: link.trace_id,
      spanId: link.span_id,
      attributes: attributes(link.attributes),
    })),
    ...(span.dropped_links !== undefined && { droppedLinksCount: span.dropped_links }),
    status: {
      code: CODES[span.status.code],
      ...(span.status.message !== undefined && { message: span.status.message }),
    },
  };
}

function nanos(iso: string): string {
  return `${micros(iso)}000`;
}

function attributes(values: Readonly<Record<string, unknown>>): object[] {
  return Object.entries(values).map(([key, value]) => ({ key, value: anyValue(value) }));
}

function anyValue(value: unknown): object {
  if (typeof value === 'boolean') return { boolValue: value };
  if (typeof value === 'number')
    return Number.isInteger(value) ? { intValue: String(value) } : { doubleValue: value };
  if (Array.isArray(value)) return { arrayValue: { values: value.map(anyValue) } };
  return { stringValue: typeof value === 'string' ? value : JSON.stringify(value) };
}
