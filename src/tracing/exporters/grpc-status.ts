/**
 * What the status of a gRPC call means for the spans that were sent. Knows the trailers, not the connection.
 * Sources: grpc.io, "PROTOCOL-HTTP2.md" and "statuscodes"; OTLP specification, "OTLP/gRPC Response" and "Throttling".
 */
import type { IncomingHttpHeaders } from 'node:http2';
import { PermanentError, RetryableError } from '../../component/errors.ts';
import { MalformedProtobuf, ProtobufReader } from '../spans/protobuf-reader.ts';
import { shortened } from './error-text.ts';

const CODES = [
  'OK',
  'CANCELLED',
  'UNKNOWN',
  'INVALID_ARGUMENT',
  'DEADLINE_EXCEEDED',
  'NOT_FOUND',
  'ALREADY_EXISTS',
  'PERMISSION_DENIED',
  'RESOURCE_EXHAUSTED',
  'FAILED_PRECONDITION',
  'ABORTED',
  'OUT_OF_RANGE',
  'UNIMPLEMENTED',
  'INTERNAL',
  'UNAVAILABLE',
  'DATA_LOSS',
  'UNAUTHENTICATED',
];

/** OTLP's table; RESOURCE_EXHAUSTED only when the server says when to come back. */
const RETRYABLE = new Set([
  'CANCELLED',
  'DEADLINE_EXCEEDED',
  'ABORTED',
  'OUT_OF_RANGE',
  'UNAVAILABLE',
  'DATA_LOSS',
]);
/** HTTP statuses that gRPC maps to UNAVAILABLE where a proxy answered ("http-grpc-status-mapping.md"). */
const RETRYABLE_HTTP = new Set([429, 502, 503, 504]);

/** The error of an ended call, null when it went well. `trailers` are the headers in a response of trailers only. */
export function grpcError(
  endpoint: string,
  headers: IncomingHttpHeaders,
  trailers: IncomingHttpHeaders,
): RetryableError | PermanentError | null {
  const status = trailers['grpc-status'];
  if (status === undefined) return httpError(endpoint, Number(headers[':status']));
  const code = CODES[Number(status)] ?? `code ${String(status)}`;
  if (code === 'OK') return null;
  const retryAfterMs = retryDelayMs(trailers);
  const message = `${endpoint} answered ${code}${shortened(decoded(String(trailers['grpc-message'] ?? '')))}`;
  const reason = code.toLowerCase();
  const retryable = RETRYABLE.has(code) || (code === 'RESOURCE_EXHAUSTED' && retryAfterMs !== null);
  return retryable
    ? new RetryableError(message, { reason, retryAfterMs: retryAfterMs ?? 0 })
    : new PermanentError(message, { reason });
}

function httpError(endpoint: string, status: number): RetryableError | PermanentError {
  const message = `${endpoint} answered ${status} without a gRPC status: is it a gRPC server?`;
  const reason = String(status);
  return RETRYABLE_HTTP.has(status)
    ? new RetryableError(message, { reason })
    : new PermanentError(message, { reason });
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** The delay of a `google.rpc.RetryInfo` in the status details; null when there is none. */
function retryDelayMs(trailers: IncomingHttpHeaders): number | null {
  const details = trailers['grpc-status-details-bin'];
  if (typeof details !== 'string') return null;
  try {
    return statusDelay(new ProtobufReader(Buffer.from(details, 'base64')));
  } catch (error) {
    if (error instanceof MalformedProtobuf) return null;
    throw error;
  }
}

/** google.rpc.Status: details = 3, of google.protobuf.Any. */
function statusDelay(reader: ProtobufReader): number | null {
  let delay: number | null = null;
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 3) delay = anyDelay(reader.message()) ?? delay;
    else reader.skip();
  }
  return delay;
}

/** google.protobuf.Any: type_url = 1, value = 2; google.rpc.RetryInfo: retry_delay = 1. */
function anyDelay(reader: ProtobufReader): number | null {
  let type = '';
  let value: Buffer = Buffer.alloc(0);
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 1) type = reader.text();
    else if (field === 2) value = reader.bytes();
    else reader.skip();
  }
  if (!type.endsWith('/google.rpc.RetryInfo')) return null;
  const info = new ProtobufReader(value);
  for (let field = info.next(); field !== 0; field = info.next()) {
    if (field === 1) return durationMs(info.message());
    info.skip();
  }
  return 0;
}

/** google.protobuf.Duration: seconds = 1, nanos = 2. */
function durationMs(reader: ProtobufReader): number {
  let ms = 0;
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 1) ms += Number(reader.int64()) * 1000;
    else if (field === 2) ms += Number(reader.int64()) / 1e6;
    else reader.skip();
  }
  return Math.max(0, ms);
}
