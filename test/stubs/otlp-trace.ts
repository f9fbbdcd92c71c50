import protobuf from 'protobufjs';

/**
 * OTLP's trace messages for tests, written from the public field numbers of opentelemetry-proto (collector/trace/v1,
 * trace/v1, resource/v1, common/v1) and of google.rpc, and decoded by a library that shares no code with the agent.
 */
const PROTO = `
  syntax = "proto3";
  message ExportTraceServiceRequest { repeated ResourceSpans resource_spans = 1; }
  message ExportTraceServiceResponse { ExportTracePartialSuccess partial_success = 1; }
  message ExportTracePartialSuccess { int64 rejected_spans = 1; string error_message = 2; }
  message ResourceSpans { Resource resource = 1; repeated ScopeSpans scope_spans = 2; string schema_url = 3; }
  message Resource { repeated KeyValue attributes = 1; uint32 dropped_attributes_count = 2; }
  message ScopeSpans { InstrumentationScope scope = 1; repeated Span spans = 2; string schema_url = 3; }
  message InstrumentationScope {
    string name = 1;
    string version = 2;
    repeated KeyValue attributes = 3;
    uint32 dropped_attributes_count = 4;
  }
  message Span {
    bytes trace_id = 1;
    bytes span_id = 2;
    string trace_state = 3;
    bytes parent_span_id = 4;
    string name = 5;
    int32 kind = 6;
    fixed64 start_time_unix_nano = 7;
    fixed64 end_time_unix_nano = 8;
    repeated KeyValue attributes = 9;
    uint32 dropped_attributes_count = 10;
    repeated Event events = 11;
    uint32 dropped_events_count = 12;
    repeated Link links = 13;
    uint32 dropped_links_count = 14;
    SpanStatus status = 15;
    fixed32 flags = 16;
  }
  message Event {
    fixed64 time_unix_nano = 1;
    string name = 2;
    repeated KeyValue attributes = 3;
    uint32 dropped_attributes_count = 4;
  }
  message Link {
    bytes trace_id = 1;
    bytes span_id = 2;
    string trace_state = 3;
    repeated KeyValue attributes = 4;
    uint32 dropped_attributes_count = 5;
    fixed32 flags = 6;
  }
  message SpanStatus { string message = 2; int32 code = 3; }
  message KeyValue { string key = 1; AnyValue value = 2; }
  message AnyValue {
    oneof value {
      string string_value = 1;
      bool bool_value = 2;
      int64 int_value = 3;
      double double_value = 4;
      ArrayValue array_value = 5;
      KeyValueList kvlist_value = 6;
      bytes bytes_value = 7;
    }
  }
  message ArrayValue { repeated AnyValue values = 1; }
  message KeyValueList { repeated KeyValue values = 1; }

  message RpcStatus { int32 code = 1; string message = 2; repeated Any details = 3; }
  message Any { string type_url = 1; bytes value = 2; }
  message RetryInfo { Duration retry_delay = 1; }
  message Duration { int64 seconds = 1; int32 nanos = 2; }
`;
const { root } = protobuf.parse(PROTO);

const type = (name: string) => root.lookupType(name);
export const RequestType = type('ExportTraceServiceRequest');
export const ResponseType = type('ExportTraceServiceResponse');
export const ScopeSpansType = type('ScopeSpans');
export const ResourceType = type('Resource');
export const ScopeType = type('InstrumentationScope');
export const RpcStatusType = type('RpcStatus');
export const RetryInfoType = type('RetryInfo');

/** A span as protobufjs reads and writes it as JSON: ids and bytes as base64 or bytes, 64-bit numbers as text. */
export interface SpanObject {
  traceId: Uint8Array;
  spanId: Uint8Array;
  parentSpanId?: Uint8Array;
  traceState?: string;
  name: string;
  kind?: number;
  startTimeUnixNano?: string;
  endTimeUnixNano?: string;
  attributes?: KeyValueObject[];
  droppedAttributesCount?: number;
  events?: EventObject[];
  droppedEventsCount?: number;
  links?: LinkObject[];
  droppedLinksCount?: number;
  status?: { code?: number; message?: string };
  flags?: number;
}

export interface KeyValueObject {
  key: string;
  value: AnyValueObject;
}

export interface AnyValueObject {
  stringValue?: string;
  boolValue?: boolean;
  intValue?: string;
  doubleValue?: number;
  arrayValue?: { values: AnyValueObject[] };
  kvlistValue?: { values: KeyValueObject[] };
  bytesValue?: Uint8Array;
}

export interface EventObject {
  timeUnixNano: string;
  name: string;
  attributes?: KeyValueObject[];
  droppedAttributesCount?: number;
}

export interface LinkObject {
  traceId: Uint8Array;
  spanId: Uint8Array;
  traceState?: string;
  attributes?: KeyValueObject[];
  droppedAttributesCount?: number;
  flags?: number;
}

/** Encodes an object of that shape. */
export function encode(messageType: protobuf.Type, object: object): Buffer {
  return Buffer.from(messageType.encode(messageType.fromObject(object)).finish());
}

/**
 * Decodes into an object with 64-bit numbers as text and bytes as Buffers, keys of absent fields absent.
 * Throws when the bytes are malformed or hold a field that the message does not have.
 */
export function decode(messageType: protobuf.Type, bytes: Uint8Array): Record<string, unknown> {
  const reader = protobuf.Reader.create(bytes);
  reader.discardUnknown = false;
  const message = messageType.decode(reader);
  refuseUnknown(message, messageType.name);
  return messageType.toObject(message, { longs: String, bytes: Buffer });
}

function refuseUnknown(value: unknown, path: string): void {
  if (value === null || typeof value !== 'object' || ArrayBuffer.isView(value)) return;
  if ((value as { $unknowns?: unknown }).$unknowns !== undefined)
    throw new Error(`${path} has an unknown field`);
  for (const [key, inner] of Object.entries(value)) refuseUnknown(inner, `${path}.${key}`);
}

interface ScopedSpan {
  readonly name?: string;
  readonly attributes?: object[];
  readonly events?: object[];
  readonly links?: object[];
}

/**
 * Spans of a scope, the logs' roots as docs/TRACING_GUIDE.md says that they are to be read: with the attributes of the scope, a
 * link to the batch's span and the stages as events.
 */
export function withScopeAttributes<T extends ScopedSpan>(
  spans: readonly T[],
  shared: readonly object[] = [],
): T[] {
  const scope = shared as readonly { key: string; value: { intValue?: string; stringValue?: string } }[];
  const idOf = (key: string) =>
    Buffer.from(scope.find((it) => it.key === `log_capturer.batch.${key}`)?.value.stringValue ?? '', 'hex');
  const stage = /^log_capturer\.stage\.([^.]+)\.?(.*)$/;
  const attributes = scope.filter(({ key }) => !/^log_capturer\.(stage\.|batch\.(trace|span)_id)/.test(key));
  const events = scope
    .filter(({ key }) => stage.test(key))
    .map(({ key, value }) => ({ name: key.replace(stage, '$1 $2').trim(), timeUnixNano: value.intValue }));
  const link = { traceId: idOf('trace_id'), spanId: idOf('span_id') };
  const links = link.traceId.length === 0 ? [] : [link];
  return spans.map((span) => {
    if (span.name !== 'log.process') return span;
    const whole = {
      ...span,
      attributes: [...attributes, ...(span.attributes ?? [])],
      events: [...events, ...(span.events ?? [])],
      links: [...links, ...(span.links ?? [])],
    };
    return whole;
  });
}
