/**
 * Traces in the JSON of Jaeger's query API, which Grafana and Jaeger's own page read: jaegertracing/jaeger
 * model/json/model.go for the keys and types, OpenTelemetry's specification ("OpenTelemetry to Jaeger Transformation")
 * for what becomes of what. Called for what is asked for, never on the path of a log.
 */
import { jsonAttributeValue } from '../exporters/otlp-json.ts';
import type { Attributes, AttributeValue, DecodedSpan } from '../spans/spans-decoder.ts';

export interface JaegerTag {
  readonly key: string;
  readonly type: 'string' | 'bool' | 'int64' | 'float64' | 'binary';
  readonly value: string | number | boolean;
}

export interface JaegerSpan {
  readonly traceID: string;
  readonly spanID: string;
  readonly operationName: string;
  readonly references: readonly {
    readonly refType: 'CHILD_OF' | 'FOLLOWS_FROM';
    readonly traceID: string;
    readonly spanID: string;
  }[];
  /** Microseconds since 1970, and microseconds. */
  readonly startTime: number;
  readonly duration: number;
  readonly tags: readonly JaegerTag[];
  readonly logs: readonly { readonly timestamp: number; readonly fields: readonly JaegerTag[] }[];
  readonly processID: string;
  readonly warnings: null;
}

export interface JaegerTrace {
  readonly traceID: string;
  readonly spans: readonly JaegerSpan[];
  readonly processes: Readonly<
    Record<string, { readonly serviceName: string; readonly tags: readonly JaegerTag[] }>
  >;
  readonly warnings: null;
}

const PROCESS = 'p1';
/** By OTLP's numbers. */
export const KINDS = ['unspecified', 'internal', 'server', 'client', 'producer', 'consumer'] as const;
const STATUS_CODES: readonly (string | undefined)[] = [undefined, 'OK', 'ERROR'];

/** @param resource what the spans have in common, `service.name` among it. */
export function jaegerTrace(
  traceId: string,
  spans: readonly DecodedSpan[],
  resource: ReadonlyMap<string, string>,
): JaegerTrace {
  const serviceName = resource.get('service.name') ?? 'unknown_service';
  const tags = [...resource].filter(([key]) => key !== 'service.name').map(([key, value]) => tag(key, value));
  return {
    traceID: traceId,
    spans: spans.map(jaegerSpan),
    processes: { [PROCESS]: { serviceName, tags } },
    warnings: null,
  };
}

function jaegerSpan(span: DecodedSpan): JaegerSpan {
  const { traceId: traceID, spanId: spanID, parentSpanId, name, startTimeUnixNano, endTimeUnixNano } = span;
  return {
    traceID,
    spanID,
    operationName: name,
    references: [
      ...(parentSpanId === '' ? [] : [{ refType: 'CHILD_OF' as const, traceID, spanID: parentSpanId }]),
      ...span.links.map((link) => ({
        refType: 'FOLLOWS_FROM' as const,
        traceID: link.traceId,
        spanID: link.spanId,
      })),
    ],
    startTime: micros(startTimeUnixNano),
    duration: micros(endTimeUnixNano - startTimeUnixNano),
    tags: spanTags(span),
    logs: span.events.map(({ timeUnixNano, name: event, attributes }) => ({
      timestamp: micros(timeUnixNano),
      fields: [tag('event', event), ...tagsOf(attributes)],
    })),
    processID: PROCESS,
    warnings: null,
  };
}

function spanTags({ attributes, kind, status, traceState, droppedLinksCount }: DecodedSpan): JaegerTag[] {
  const tags = tagsOf(attributes);
  const code = STATUS_CODES[status.code];
  if (kind > 0) tags.push(tag('span.kind', KINDS[kind] ?? 'unspecified'));
  if (code !== undefined) tags.push(tag('otel.status_code', code));
  if (status.message !== '') tags.push(tag('otel.status_description', status.message));
  if (code === 'ERROR') tags.push({ key: 'error', type: 'bool', value: true });
  if (traceState !== '') tags.push(tag('w3c.tracestate', traceState));
  if (droppedLinksCount > 0)
    tags.push({ key: 'otel.dropped_links_count', type: 'int64', value: droppedLinksCount });
  return tags;
}

function tagsOf(attributes: Attributes): JaegerTag[] {
  return [...attributes].map(([key, value]) => tag(key, value));
}

function tag(key: string, value: AttributeValue): JaegerTag {
  if (typeof value === 'boolean') return { key, type: 'bool', value };
  if (typeof value === 'number') return { key, type: 'float64', value };
  if (typeof value === 'bigint') {
    // Beyond 2^53 JSON's numbers lose digits; Jaeger writes those as text, too.
    const number = Number(value);
    return { key, type: 'int64', value: Number.isSafeInteger(number) ? number : String(value) };
  }
  if (Buffer.isBuffer(value)) return { key, type: 'binary', value: value.toString('base64') };
  const text = typeof value === 'string' ? value : JSON.stringify(jsonAttributeValue(value));
  return { key, type: 'string', value: text };
}

function micros(nanos: bigint): number {
  return Number(nanos / 1000n);
}
