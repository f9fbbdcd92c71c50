/**
 * OTLP export requests around runs that are encoded already: only the envelope is written. What is sent of them,
 * compressed or not, is request-body.ts's. Used by the OTLP transports.
 */
import { MalformedProtobuf, ProtobufReader } from '../spans/protobuf-reader.ts';
import type { Envelope } from '../spans/resource.ts';
import { type EncodedSpans, plainLength, sameScope } from './transport.ts';

/** A message as parts that follow one another: bytes, or spans as they are stored. */
export interface Message {
  readonly parts: readonly (Buffer | EncodedSpans)[];
  /** Bytes when nothing is compressed. */
  readonly length: number;
}

/**
 * An `ExportTraceServiceRequest` (opentelemetry-proto, collector/trace/v1) of one resource, with a `ScopeSpans` for each
 * stretch of spans that share their scope's attributes.
 */
export function otlpRequest({ resource, scope }: Envelope, batch: readonly EncodedSpans[]): Message {
  const groups = byScope(batch).map((group) => scopeSpans(scope, group));
  const groupsLength = groups.reduce((sum, { length }) => sum + length, 0);
  const resourceField = Buffer.concat([fieldHead(1, resource.length), resource]);
  const resourceSpans = fieldHead(1, resourceField.length + groupsLength);
  return {
    parts: [resourceSpans, resourceField, ...groups.flatMap(({ parts }) => parts)],
    length: resourceSpans.length + resourceField.length + groupsLength,
  };
}

/** Stretches of spans with one scope. */
function byScope(batch: readonly EncodedSpans[]): EncodedSpans[][] {
  const groups: EncodedSpans[][] = [];
  for (const piece of batch) {
    const group = groups.at(-1);
    if (group !== undefined && sameScope(group[0]!.scope, piece.scope)) group.push(piece);
    else groups.push([piece]);
  }
  return groups;
}

/** The field `scope_spans` of `ResourceSpans`. */
function scopeSpans(scope: Buffer, group: readonly EncodedSpans[]): Message {
  const attributes = group[0]!.scope ?? Buffer.alloc(0);
  const spansLength = group.reduce((sum, piece) => sum + plainLength(piece), 0);
  const scopeHead = fieldHead(1, scope.length + attributes.length);
  const contentLength = scopeHead.length + scope.length + attributes.length + spansLength;
  const head = Buffer.concat([fieldHead(2, contentLength), scopeHead, scope, attributes]);
  return { parts: [head, ...group], length: head.length + spansLength };
}

/** What a collector says of a request that it accepted; null: all is well. */
export function partialSuccess(response: Buffer): { rejectedSpans: number; message: string } | null {
  try {
    let result = null;
    const reader = new ProtobufReader(response);
    for (let field = reader.next(); field !== 0; field = reader.next()) {
      if (field === 1) result = readPartialSuccess(reader.message());
      else reader.skip();
    }
    return result;
  } catch (error) {
    // Some collectors answer with text: the status alone says that they have the spans.
    if (error instanceof MalformedProtobuf) return null;
    throw error;
  }
}

function readPartialSuccess(reader: ProtobufReader): { rejectedSpans: number; message: string } {
  const result = { rejectedSpans: 0, message: '' };
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 1) result.rejectedSpans = Number(reader.int64());
    else if (field === 2) result.message = reader.text();
    else reader.skip();
  }
  return result;
}

/** Tag and length of a length-delimited field. */
function fieldHead(number: number, length: number): Buffer {
  const head = [number * 8 + 2];
  let rest = length;
  for (; rest >= 128; rest = Math.floor(rest / 128)) head.push((rest % 128) + 128);
  head.push(rest);
  return Buffer.from(head);
}
