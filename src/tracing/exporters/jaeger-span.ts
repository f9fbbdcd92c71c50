/**
 * Spans as Jaeger's Thrift structures: the field numbers are those of jaeger.thrift (github.com/jaegertracing/jaeger-idl),
 * what becomes of what is in OpenTelemetry's specification ("OpenTelemetry to Jaeger Transformation").
 */
import type {
  Attributes,
  AttributeValue,
  DecodedEvent,
  DecodedScope,
  DecodedSpan,
} from '../spans/spans-decoder.ts';
import { jsonAttributeValue } from './otlp-json.ts';
import type { ThriftWriter } from './thrift-writer.ts';

const TagType = { string: 0, double: 1, bool: 2, long: 3, binary: 4 } as const;
const FOLLOWS_FROM = 1;
const SAMPLED = 1;
const SERVICE_NAME = 'service.name';
/** By OTLP's numbers; an internal span has no such tag. */
const KINDS: readonly (string | undefined)[] = [
  undefined,
  undefined,
  'server',
  'client',
  'producer',
  'consumer',
];
const STATUS_CODES: readonly (string | undefined)[] = [undefined, 'OK', 'ERROR'];

/** Tags in the order of writing; a later one of the same name takes the place of an earlier one. */
type Tags = Map<string, AttributeValue>;

/** `Batch.process`: who made the spans. */
export function writeProcess(writer: ThriftWriter, resource: Attributes): void {
  const tags: Tags = new Map(resource);
  tags.delete(SERVICE_NAME);
  const name = resource.get(SERVICE_NAME);
  writer.text(1, typeof name === 'string' ? name : 'unknown_service');
  writeTags(writer, 2, tags);
  writer.endStruct();
}

/** One `Span`. */
export function writeSpan(writer: ThriftWriter, span: DecodedSpan, scope: DecodedScope): void {
  writer.i64(1, id(span.traceId.slice(16)));
  writer.i64(2, id(span.traceId.slice(0, 16)));
  writer.i64(3, id(span.spanId));
  writer.i64(4, id(span.parentSpanId));
  writer.text(5, span.name);
  if (span.links.length > 0) {
    writer.structs(6, span.links.length);
    for (const { traceId, spanId } of span.links) {
      writer.i32(1, FOLLOWS_FROM);
      writer.i64(2, id(traceId.slice(16)));
      writer.i64(3, id(traceId.slice(0, 16)));
      writer.i64(4, id(spanId));
      writer.endStruct();
    }
  }
  writer.i32(7, SAMPLED);
  writer.i64(8, micros(span.startTimeUnixNano));
  writer.i64(9, micros(span.endTimeUnixNano - span.startTimeUnixNano));
  writeTags(writer, 10, spanTags(span, scope));
  if (span.events.length > 0) {
    writer.structs(11, span.events.length);
    for (const event of span.events) {
      writer.i64(1, micros(event.timeUnixNano));
      writeTags(writer, 2, eventTags(event));
      writer.endStruct();
    }
  }
  writer.endStruct();
}

function spanTags(span: DecodedSpan, scope: DecodedScope): Tags {
  const tags: Tags = new Map(span.attributes);
  const code = STATUS_CODES[span.status.code];
  setIf(tags, 'span.kind', KINDS[span.kind]);
  setIf(tags, 'otel.status_code', code);
  setIf(tags, 'otel.status_description', span.status.message);
  if (code === 'ERROR') tags.set('error', true);
  setIf(tags, 'w3c.tracestate', span.traceState);
  setIf(tags, 'otel.scope.name', scope.name);
  setIf(tags, 'otel.scope.version', scope.version);
  setIf(tags, 'otel.dropped_attributes_count', BigInt(span.droppedAttributesCount));
  setIf(tags, 'otel.dropped_events_count', BigInt(span.droppedEventsCount));
  setIf(tags, 'otel.dropped_links_count', BigInt(span.droppedLinksCount));
  return tags;
}

/** The event's name is the field `event`, unless it has an attribute of that name. */
function eventTags(event: DecodedEvent): Tags {
  const tags: Tags = new Map([['event', event.name], ...event.attributes]);
  setIf(tags, 'otel.event.dropped_attributes_count', BigInt(event.droppedAttributesCount));
  return tags;
}

function setIf(tags: Tags, key: string, value: string | bigint | undefined): void {
  if (value) tags.set(key, value);
}

/** A `list<Tag>`. */
function writeTags(writer: ThriftWriter, field: number, tags: Tags): void {
  writer.structs(field, tags.size);
  for (const [key, value] of tags) {
    writer.text(1, key);
    writeValue(writer, value);
    writer.endStruct();
  }
}

/** Lists and maps have no type in Jaeger: they become JSON. */
function writeValue(writer: ThriftWriter, value: AttributeValue): void {
  if (typeof value === 'boolean') {
    writer.i32(2, TagType.bool);
    writer.bool(5, value);
  } else if (typeof value === 'bigint') {
    writer.i32(2, TagType.long);
    writer.i64(6, value);
  } else if (typeof value === 'number') {
    writer.i32(2, TagType.double);
    writer.double(4, value);
  } else if (Buffer.isBuffer(value)) {
    writer.i32(2, TagType.binary);
    writer.binary(7, value);
  } else {
    writer.i32(2, TagType.string);
    writer.text(3, typeof value === 'string' ? value : JSON.stringify(jsonAttributeValue(value)));
  }
}

/** Up to 16 hexadecimal digits as a number of 64 bits; 0 for none. */
function id(hex: string): bigint {
  return hex === '' ? 0n : BigInt(`0x${hex}`);
}

function micros(nanos: bigint): bigint {
  return nanos / 1000n;
}
