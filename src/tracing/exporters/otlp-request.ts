/**
 * OTLP export requests around runs that are encoded already: only the envelope is written, runs are not copied unless
 * the request is small. Used by the OTLP transports.
 */
import { promisify } from 'node:util';
import { constants, gzip } from 'node:zlib';
import { MalformedProtobuf, ProtobufReader } from '../spans/protobuf-reader.ts';
import type { Envelope } from '../spans/resource.ts';
import { type EncodedSpans, sameScope } from './transport.ts';

/** Bytes to send, in order. */
export interface Body {
  readonly chunks: readonly Buffer[];
  readonly length: number;
}

/** Up to here one copy costs less than several writes to a socket. */
const MAX_COPIED_BYTES = 64 * 1024;

/**
 * An `ExportTraceServiceRequest` (opentelemetry-proto, collector/trace/v1) of one resource, with a `ScopeSpans` for each
 * stretch of spans that share their scope's attributes.
 */
export function otlpRequest({ resource, scope }: Envelope, batch: readonly EncodedSpans[]): Body {
  const groups = byScope(batch).map((group) => scopeSpans(scope, group));
  const groupsLength = groups.reduce((sum, { length }) => sum + length, 0);
  const resourceField = Buffer.concat([fieldHead(1, resource.length), resource]);
  const resourceSpans = fieldHead(1, resourceField.length + groupsLength);
  const chunks = [resourceSpans, resourceField, ...groups.flatMap(({ chunks }) => chunks)];
  const length = resourceSpans.length + resourceField.length + groupsLength;
  return { chunks: length <= MAX_COPIED_BYTES ? [Buffer.concat(chunks, length)] : chunks, length };
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
function scopeSpans(scope: Buffer, group: readonly EncodedSpans[]): Body {
  const attributes = group[0]!.scope ?? Buffer.alloc(0);
  const runs = adjoining(group);
  const spansLength = runs.reduce((sum, run) => sum + run.length, 0);
  const scopeHead = fieldHead(1, scope.length + attributes.length);
  const contentLength = scopeHead.length + scope.length + attributes.length + spansLength;
  const head = Buffer.concat([fieldHead(2, contentLength), scopeHead, scope, attributes]);
  return { chunks: [head, ...runs], length: head.length + spansLength };
}

const compress = promisify(gzip);

/** The body as gzip; off the main thread. At the fastest level: a denser one costs more than a span does. */
export async function gzipped({ chunks }: Body): Promise<Body> {
  const bytes = await compress(Buffer.concat(chunks), { level: constants.Z_BEST_SPEED });
  return { chunks: [bytes], length: bytes.length };
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

/** Runs that lie behind one another in the ring become one. */
function adjoining(batch: readonly EncodedSpans[]): Buffer[] {
  const merged: Buffer[] = [];
  for (const { bytes } of batch) {
    const last = merged.at(-1);
    if (
      last !== undefined &&
      last.buffer === bytes.buffer &&
      last.byteOffset + last.length === bytes.byteOffset
    ) {
      merged[merged.length - 1] = Buffer.from(last.buffer, last.byteOffset, last.length + bytes.length);
    } else {
      merged.push(bytes);
    }
  }
  return merged;
}

/** Tag and length of a length-delimited field. */
function fieldHead(number: number, length: number): Buffer {
  const head = [number * 8 + 2];
  let rest = length;
  for (; rest >= 128; rest = Math.floor(rest / 128)) head.push((rest % 128) + 128);
  head.push(rest);
  return Buffer.from(head);
}
