/**
 * Decodes OTLP spans, resources and scopes (opentelemetry-proto: trace/v1, resource/v1, common/v1) into plain objects.
 * Never used on the path of a log: the memory store decodes what is asked for, and exporters whose format is not OTLP
 * protobuf decode what they send. Decoded values share no memory with the bytes. Fields it does not know are skipped.
 */
import { BATCH_SPAN_ID, BATCH_TRACE_ID, STAGE } from './log-scope.ts';
import { ProtobufReader } from './protobuf-reader.ts';

/** Integers are bigint and doubles are number, so that neither loses digits or its type; null: no value at all. */
export type AttributeValue =
  | string
  | boolean
  | bigint
  | number
  | Buffer
  | null
  | readonly AttributeValue[]
  | Attributes;

export type Attributes = ReadonlyMap<string, AttributeValue>;

export interface DecodedEvent {
  readonly timeUnixNano: bigint;
  readonly name: string;
  readonly attributes: Attributes;
  readonly droppedAttributesCount: number;
}

export interface DecodedLink {
  readonly traceId: string;
  readonly spanId: string;
  readonly traceState: string;
  readonly attributes: Attributes;
  readonly droppedAttributesCount: number;
  readonly flags: number;
}

/** Ids are lower-case hexadecimal digits; `parentSpanId` is empty for a root. Kinds and codes are OTLP's numbers. */
export interface DecodedSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly traceState: string;
  readonly flags: number;
  readonly name: string;
  readonly kind: number;
  readonly startTimeUnixNano: bigint;
  readonly endTimeUnixNano: bigint;
  readonly attributes: Attributes;
  readonly droppedAttributesCount: number;
  readonly events: readonly DecodedEvent[];
  readonly droppedEventsCount: number;
  readonly links: readonly DecodedLink[];
  readonly droppedLinksCount: number;
  readonly status: DecodedStatus;
}

export interface DecodedStatus {
  /** 0 unset, 1 ok, 2 error. */
  readonly code: number;
  readonly message: string;
}

export interface DecodedScope {
  readonly name: string;
  readonly version: string;
  readonly attributes: Attributes;
}

/** Field number of `spans` in `ScopeSpans`. */
const SPANS = 2;

/** The spans of a run, in order: repeated `spans` fields of a `ScopeSpans` message. Throws `MalformedProtobuf`. */
export function decodeSpans(bytes: Buffer): DecodedSpan[] {
  const spans: DecodedSpan[] = [];
  const reader = new ProtobufReader(bytes);
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === SPANS) spans.push(span(reader.message()));
    else reader.skip();
  }
  return spans;
}

/** Attributes of an encoded `Resource` message (its content, without tag and length). Throws `MalformedProtobuf`. */
export function decodeResource(bytes: Buffer): Attributes {
  const attributes = new Map<string, AttributeValue>();
  const reader = new ProtobufReader(bytes);
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 1) keyValue(reader.message(), attributes);
    else reader.skip();
  }
  return attributes;
}

/** An encoded `InstrumentationScope` message (its content, without tag and length). Throws `MalformedProtobuf`. */
export function decodeScope(bytes: Buffer): DecodedScope {
  const scope = { name: '', version: '', attributes: new Map<string, AttributeValue>() };
  const reader = new ProtobufReader(bytes);
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 1) scope.name = reader.text();
    else if (field === 2) scope.version = reader.text();
    else if (field === 3) keyValue(reader.message(), scope.attributes);
    else reader.skip();
  }
  return scope;
}

/** Attributes that spans leave to their scope (`Run.scope`). Throws `MalformedProtobuf`. */
export function decodeScopeAttributes(scope: Buffer | null): Attributes {
  return scope === null ? new Map() : decodeScope(scope).attributes;
}

/**
 * The root as if it said itself what its scope says (log-scope.ts): its attributes, the link to its batch, its stages as
 * events. For people, and for formats whose scopes have no attributes. Other spans are left as they are.
 */
export function withScope(span: DecodedSpan, scope: Attributes): DecodedSpan {
  if (scope.size === 0 || span.name !== 'log.process') return span;
  const attributes = new Map<string, AttributeValue>();
  const events: DecodedEvent[] = [];
  for (const [key, value] of scope) {
    if (key.startsWith(STAGE) && typeof value === 'bigint') {
      const name = key.slice(STAGE.length).replace('.', ' ');
      events.push({ timeUnixNano: value, name, attributes: new Map(), droppedAttributesCount: 0 });
    } else if (key !== BATCH_TRACE_ID && key !== BATCH_SPAN_ID) attributes.set(key, value);
  }
  for (const [key, value] of span.attributes) attributes.set(key, value);
  return {
    ...span,
    attributes,
    events: [...events, ...span.events],
    links: [...linkToBatch(scope), ...span.links],
  };
}

function linkToBatch(scope: Attributes): DecodedLink[] {
  const traceId = scope.get(BATCH_TRACE_ID);
  const spanId = scope.get(BATCH_SPAN_ID);
  if (typeof traceId !== 'string' || typeof spanId !== 'string') return [];
  return [{ traceId, spanId, traceState: '', attributes: new Map(), droppedAttributesCount: 0, flags: 0 }];
}

function span(reader: ProtobufReader): DecodedSpan {
  const attributes = new Map<string, AttributeValue>();
  const events: DecodedEvent[] = [];
  const links: DecodedLink[] = [];
  const span = {
    traceId: '',
    spanId: '',
    parentSpanId: '',
    traceState: '',
    flags: 0,
    name: '',
    kind: 0,
    startTimeUnixNano: 0n,
    endTimeUnixNano: 0n,
    attributes,
    droppedAttributesCount: 0,
    events,
    droppedEventsCount: 0,
    links,
    droppedLinksCount: 0,
    status: { code: 0, message: '' },
  };
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 1) span.traceId = reader.hex();
    else if (field === 2) span.spanId = reader.hex();
    else if (field === 3) span.traceState = reader.text();
    else if (field === 4) span.parentSpanId = reader.hex();
    else if (field === 5) span.name = reader.text();
    else if (field === 6) span.kind = reader.number();
    else if (field === 7) span.startTimeUnixNano = reader.fixed64();
    else if (field === 8) span.endTimeUnixNano = reader.fixed64();
    else if (field === 9) keyValue(reader.message(), attributes);
    else if (field === 10) span.droppedAttributesCount = reader.number();
    else if (field === 11) events.push(event(reader.message()));
    else if (field === 12) span.droppedEventsCount = reader.number();
    else if (field === 13) links.push(link(reader.message()));
    else if (field === 14) span.droppedLinksCount = reader.number();
    else if (field === 15) span.status = status(reader.message());
    else if (field === 16) span.flags = reader.fixed32();
    else reader.skip();
  }
  return span;
}

function event(reader: ProtobufReader): DecodedEvent {
  const attributes = new Map<string, AttributeValue>();
  const event = { timeUnixNano: 0n, name: '', attributes, droppedAttributesCount: 0 };
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 1) event.timeUnixNano = reader.fixed64();
    else if (field === 2) event.name = reader.text();
    else if (field === 3) keyValue(reader.message(), attributes);
    else if (field === 4) event.droppedAttributesCount = reader.number();
    else reader.skip();
  }
  return event;
}

function link(reader: ProtobufReader): DecodedLink {
  const attributes = new Map<string, AttributeValue>();
  const link = { traceId: '', spanId: '', traceState: '', attributes, droppedAttributesCount: 0, flags: 0 };
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 1) link.traceId = reader.hex();
    else if (field === 2) link.spanId = reader.hex();
    else if (field === 3) link.traceState = reader.text();
    else if (field === 4) keyValue(reader.message(), attributes);
    else if (field === 5) link.droppedAttributesCount = reader.number();
    else if (field === 6) link.flags = reader.fixed32();
    else reader.skip();
  }
  return link;
}

function status(reader: ProtobufReader): DecodedStatus {
  const status = { code: 0, message: '' };
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 2) status.message = reader.text();
    else if (field === 3) status.code = reader.number();
    else reader.skip();
  }
  return status;
}

/** A key given twice keeps its last value. */
function keyValue(reader: ProtobufReader, into: Map<string, AttributeValue>): void {
  let key = '';
  let value: AttributeValue = null;
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 1) key = reader.text();
    else if (field === 2) value = anyValue(reader.message());
    else reader.skip();
  }
  into.set(key, value);
}

function anyValue(reader: ProtobufReader): AttributeValue {
  let value: AttributeValue = null;
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 1) value = reader.text();
    else if (field === 2) value = reader.bool();
    else if (field === 3) value = reader.int64();
    else if (field === 4) value = reader.double();
    else if (field === 5) value = arrayValue(reader.message());
    else if (field === 6) value = keyValueList(reader.message());
    else if (field === 7) value = reader.bytes();
    else reader.skip();
  }
  return value;
}

function arrayValue(reader: ProtobufReader): AttributeValue[] {
  const values: AttributeValue[] = [];
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 1) values.push(anyValue(reader.message()));
    else reader.skip();
  }
  return values;
}

function keyValueList(reader: ProtobufReader): Attributes {
  const values = new Map<string, AttributeValue>();
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 1) keyValue(reader.message(), values);
    else reader.skip();
  }
  return values;
}
