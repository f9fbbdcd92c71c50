/**
 * OTLP as JSON, as its specification has it ("JSON Protobuf Encoding"): keys in lowerCamelCase, ids as hexadecimal digits,
 * 64-bit numbers as text, other bytes as base64, enums as numbers, absent what has its default.
 */
import type {
  Attributes,
  AttributeValue,
  DecodedEvent,
  DecodedLink,
  DecodedScope,
  DecodedSpan,
} from '../spans/spans-decoder.ts';

/** The object of one span, to be given to `JSON.stringify`. */
export function jsonSpan(span: DecodedSpan): object {
  return {
    traceId: span.traceId,
    spanId: span.spanId,
    ...(span.traceState !== '' && { traceState: span.traceState }),
    ...(span.parentSpanId !== '' && { parentSpanId: span.parentSpanId }),
    ...(span.flags !== 0 && { flags: span.flags }),
    name: span.name,
    kind: span.kind,
    startTimeUnixNano: String(span.startTimeUnixNano),
    endTimeUnixNano: String(span.endTimeUnixNano),
    ...jsonAttributes(span.attributes, span.droppedAttributesCount),
    ...(span.events.length > 0 && { events: span.events.map(jsonEvent) }),
    ...(span.droppedEventsCount > 0 && { droppedEventsCount: span.droppedEventsCount }),
    ...(span.links.length > 0 && { links: span.links.map(jsonLink) }),
    ...(span.droppedLinksCount > 0 && { droppedLinksCount: span.droppedLinksCount }),
    status: {
      ...(span.status.message !== '' && { message: span.status.message }),
      ...(span.status.code !== 0 && { code: span.status.code }),
    },
  };
}

/** Everything of an `ExportTraceServiceRequest` up to its spans, and what comes behind them. */
export function jsonEnvelope(resource: Attributes, scope: DecodedScope): { before: string; after: string } {
  const scopeObject = { name: scope.name, version: scope.version, ...jsonAttributes(scope.attributes, 0) };
  const before =
    `{"resourceSpans":[{"resource":${JSON.stringify(jsonAttributes(resource, 0))},` +
    `"scopeSpans":[{"scope":${JSON.stringify(scopeObject)},"spans":[`;
  return { before, after: ']}]}]}' };
}

/** A value without its OTLP type, for people and for formats that have no types of their own. */
export function jsonAttributeValue(value: AttributeValue): unknown {
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  if (typeof value === 'number') return jsonDouble(value);
  if (Buffer.isBuffer(value)) return value.toString('base64');
  if (value instanceof Map) return plainEntries(value);
  if (Array.isArray(value)) return value.map(jsonAttributeValue);
  return value;
}

function plainEntries(attributes: Attributes): object {
  return Object.fromEntries([...attributes].map(([key, value]) => [key, jsonAttributeValue(value)]));
}

function jsonEvent(event: DecodedEvent): object {
  return {
    timeUnixNano: String(event.timeUnixNano),
    name: event.name,
    ...jsonAttributes(event.attributes, event.droppedAttributesCount),
  };
}

function jsonLink(link: DecodedLink): object {
  return {
    traceId: link.traceId,
    spanId: link.spanId,
    ...(link.traceState !== '' && { traceState: link.traceState }),
    ...jsonAttributes(link.attributes, link.droppedAttributesCount),
    ...(link.flags !== 0 && { flags: link.flags }),
  };
}

function jsonAttributes(attributes: Attributes, dropped: number): object {
  return {
    ...(attributes.size > 0 && { attributes: keyValues(attributes) }),
    ...(dropped > 0 && { droppedAttributesCount: dropped }),
  };
}

function keyValues(attributes: Attributes): object[] {
  return [...attributes].map(([key, value]) => ({ key, value: anyValue(value) }));
}

/** An `AnyValue`: one key that says the type. */
function anyValue(value: AttributeValue): object {
  if (value === null) return {};
  if (typeof value === 'string') return { stringValue: value };
  if (typeof value === 'boolean') return { boolValue: value };
  if (typeof value === 'bigint') return { intValue: String(value) };
  if (typeof value === 'number') return { doubleValue: jsonDouble(value) };
  if (Buffer.isBuffer(value)) return { bytesValue: value.toString('base64') };
  if (value instanceof Map) return { kvlistValue: { values: keyValues(value) } };
  return { arrayValue: { values: (value as readonly AttributeValue[]).map(anyValue) } };
}

/** What JSON numbers cannot express is text (protobuf.dev, "ProtoJSON Format"). */
function jsonDouble(value: number): number | string {
  return Number.isFinite(value) ? value : String(value);
}
