import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import * as http2 from 'node:http2';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { SecureContextOptions } from 'node:tls';
import { gunzipSync, gzipSync } from 'node:zlib';
import {
  decode,
  encode,
  RequestType,
  ResponseType,
  RetryInfoType,
  RpcStatusType,
  withScopeAttributes,
} from './otlp-trace.ts';

/**
 * A strict OTLP collector for tests: it takes nothing that the specification does not allow, remembers what it took, and
 * answers as a test has written down, else with success. HTTP (`OtlpCollector.http`) and gRPC (`OtlpCollector.grpc`).
 */

/** What the collector does with one request. */
export type Answer =
  | { readonly kind: 'accept'; readonly rejectedSpans?: number; readonly message?: string }
  /** HTTP: the status. gRPC: see `code`. The body is a google.rpc.Status unless `text` is given. */
  | { readonly kind: 'status'; readonly status: number; readonly retryAfter?: string; readonly text?: string }
  /** gRPC only: the status code, and the delay of a RetryInfo. */
  | { readonly kind: 'code'; readonly code: number; readonly retryDelayMs?: number }
  /** Answers after the promise has resolved. */
  | { readonly kind: 'slow'; readonly until: Promise<void> }
  /** Never answers. */
  | { readonly kind: 'hang' }
  /** Cuts the connection when the request has arrived. */
  | { readonly kind: 'cut' };

export interface Received {
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** The message as decoded by protobufjs, and its bytes. */
  readonly message: Record<string, unknown>;
  readonly bytes: Buffer;
  /** Spans of all resources and scopes, each with the attributes of its scope beside its own. */
  readonly spans: readonly Record<string, unknown>[];
}

const GRPC_PATH = '/opentelemetry.proto.collector.trace.v1.TraceService/Export';

export class OtlpCollector {
  /** Requests that were taken as such, whatever was answered. */
  readonly received: Received[] = [];
  /** Answers to come, first first. */
  readonly answers: Answer[] = [];
  /** Why requests were refused as malformed: a test that expects none checks that this is empty. */
  readonly violations: string[] = [];
  connections = 0;
  readonly url: string;
  readonly #server: Server | http2.Http2Server;
  readonly #sockets = new Set<Socket>();
  readonly #watchers: { requests: number; resolve: () => void }[] = [];
  /** The path that HTTP requests must have. */
  readonly #path: string;

  private constructor(server: Server | http2.Http2Server, url: string, path: string) {
    this.#server = server;
    this.url = url;
    this.#path = path;
  }

  /** `tls` makes it an https server; with `ca` it demands client certificates of that authority. */
  static async http(options: { path?: string; tls?: SecureContextOptions } = {}): Promise<OtlpCollector> {
    const { path = '/v1/traces', tls } = options;
    const handler = (request: IncomingMessage, response: ServerResponse) =>
      void collector.#http(request, response);
    const server = tls
      ? createTlsServer({ ...tls, requestCert: true, rejectUnauthorized: tls.ca !== undefined }, handler)
      : createServer(handler);
    const collector = new OtlpCollector(server, await listen(server, tls ? 'https' : 'http'), path);
    collector.#watch(server);
    return collector;
  }

  static async grpc(options: { tls?: SecureContextOptions } = {}): Promise<OtlpCollector> {
    const { tls } = options;
    const server = tls ? http2.createSecureServer(tls) : http2.createServer();
    const collector = new OtlpCollector(server, await listen(server, tls ? 'https' : 'http'), GRPC_PATH);
    server.on('stream', (stream, headers) => void collector.#grpc(stream, headers));
    server.on('sessionError', () => {});
    collector.#watch(server);
    return collector;
  }

  /** Spans of all requests that it accepted or was told to accept in part. */
  get spans(): readonly Record<string, unknown>[] {
    return this.received.flatMap((request) => request.spans);
  }

  /** Resolves when so many requests have arrived. */
  requests(requests: number): Promise<void> {
    if (this.received.length >= requests) return Promise.resolve();
    return new Promise((resolve) => this.#watchers.push({ requests, resolve }));
  }

  /** Cuts all connections and stops. */
  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  /** Cuts all connections, but stays. */
  cutConnections(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  #watch(server: Server | http2.Http2Server): void {
    server.on('connection', (socket: Socket) => {
      this.connections++;
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
      socket.on('error', () => {});
    });
  }

  async #http(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await readAll(request);
    if (body === null) return;
    const violation = this.#httpViolation(request, body);
    if (violation !== null) {
      this.violations.push(violation);
      response.writeHead(400).end(violation);
      return;
    }
    const encoding = request.headers['content-encoding'];
    const error = this.#take(request.url!, request.headers, encoding === 'gzip' ? gunzipSync(body) : body);
    if (error !== null) {
      response.writeHead(400).end(error);
      return;
    }
    const answer = this.answers.shift() ?? { kind: 'accept' };
    if (answer.kind === 'hang') return;
    if (answer.kind === 'cut') {
      request.socket.destroy();
      return;
    }
    if (answer.kind === 'slow') await answer.until;
    if (answer.kind === 'status') {
      if (answer.retryAfter !== undefined) response.setHeader('retry-after', answer.retryAfter);
      const status = encode(RpcStatusType, { message: `status ${answer.status}` });
      response.setHeader('content-type', answer.text === undefined ? 'application/x-protobuf' : 'text/plain');
      response.writeHead(answer.status).end(answer.text ?? status);
      return;
    }
    response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end(acceptance(answer));
  }

  #httpViolation(request: IncomingMessage, body: Buffer): string | null {
    const { method, url, headers } = request;
    if (method !== 'POST') return `method ${method}`;
    if (url !== this.#path) return `path ${url}`;
    if (headers['content-type'] !== 'application/x-protobuf')
      return `content-type ${headers['content-type']}`;
    if (headers['transfer-encoding'] !== undefined) return 'the length is not known beforehand';
    if (headers['content-length'] !== String(body.length))
      return `content-length ${headers['content-length']}`;
    const encoding = headers['content-encoding'];
    return encoding === undefined || encoding === 'gzip' ? null : `content-encoding ${encoding}`;
  }

  async #grpc(stream: http2.ServerHttp2Stream, headers: http2.IncomingHttpHeaders): Promise<void> {
    stream.on('error', () => {});
    const body = await readAll(stream);
    if (body === null) return;
    const violation = grpcViolation(headers, body);
    const message = violation ?? this.#take(headers[':path']!, headers, grpcMessage(body));
    if (message !== null) {
      this.violations.push(message);
      grpcTrailersOnly(stream, 3, message);
      return;
    }
    const answer = this.answers.shift() ?? { kind: 'accept' };
    if (answer.kind === 'hang') return;
    if (answer.kind === 'cut') {
      stream.session?.destroy();
      return;
    }
    if (answer.kind === 'slow') await answer.until;
    if (answer.kind === 'status') {
      stream.respond({ ':status': answer.status }, { endStream: true });
      return;
    }
    if (answer.kind === 'code') {
      grpcTrailersOnly(stream, answer.code, 'über 100 %', answer.retryDelayMs);
      return;
    }
    // As grpc-go does, answers are compressed as the request was.
    const gzips = body[0] === 1;
    const response = gzips ? gzipSync(acceptance(answer)) : acceptance(answer);
    const frame = Buffer.alloc(5);
    frame.writeUInt8(gzips ? 1 : 0, 0);
    frame.writeUInt32BE(response.length, 1);
    const head = { ':status': 200, 'content-type': 'application/grpc' };
    stream.respond({ ...head, ...(gzips && { 'grpc-encoding': 'gzip' }) }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
    stream.end(Buffer.concat([frame, response]));
  }

  /** Remembers the request; a text says why it is malformed. */
  #take(path: string, headers: Received['headers'], bytes: Buffer): string | null {
    try {
      const message = decode(RequestType, bytes);
      const spans = spansOf(message);
      for (const span of spans) checkSpan(span);
      this.received.push({ path, headers, message, bytes, spans });
    } catch (error) {
      this.violations.push((error as Error).message);
      return (error as Error).message;
    }
    for (const watcher of this.#watchers.splice(0)) {
      if (this.received.length >= watcher.requests) watcher.resolve();
      else this.#watchers.push(watcher);
    }
    return null;
  }
}

async function listen(server: Server | http2.Http2Server, scheme: string): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `${scheme}://localhost:${(server.address() as AddressInfo).port}`;
}

/** Null: the sender went away before the end. */
async function readAll(stream: AsyncIterable<Buffer>): Promise<Buffer | null> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of stream) chunks.push(chunk);
  } catch {
    return null;
  }
  return Buffer.concat(chunks);
}

function acceptance(answer: Answer): Buffer {
  if (answer.kind !== 'accept' || (answer.rejectedSpans === undefined && answer.message === undefined)) {
    return Buffer.alloc(0);
  }
  const { rejectedSpans = 0, message = '' } = answer;
  return encode(ResponseType, {
    partialSuccess: { rejectedSpans: String(rejectedSpans), errorMessage: message },
  });
}

/** The protocol of gRPC over HTTP/2 (grpc.io, PROTOCOL-HTTP2.md), as far as a unary call needs it. */
function grpcViolation(headers: http2.IncomingHttpHeaders, body: Buffer): string | null {
  if (headers[':method'] !== 'POST') return `method ${headers[':method']}`;
  if (headers[':path'] !== GRPC_PATH) return `path ${headers[':path']}`;
  if (!/^application\/grpc(\+proto)?$/.test(String(headers['content-type']))) return 'content-type';
  if (headers.te !== 'trailers') return `te ${String(headers.te)}`;
  const timeout = String(headers['grpc-timeout']);
  if (!/^\d{1,8}[HMSmun]$/.test(timeout)) return `grpc-timeout ${timeout}`;
  if (body.length < 5 || body.readUInt32BE(1) !== body.length - 5) return 'the length of the frame is wrong';
  const encoding = headers['grpc-encoding'];
  if (encoding !== undefined && encoding !== 'gzip') return `grpc-encoding ${String(encoding)}`;
  // A message may be left uncompressed in any case.
  if (body[0] !== 0 && !(body[0] === 1 && encoding === 'gzip'))
    return 'the compressed flag contradicts grpc-encoding';
  return null;
}

function grpcMessage(body: Buffer): Buffer {
  return body[0] === 1 ? gunzipSync(body.subarray(5)) : body.subarray(5);
}

function grpcTrailersOnly(
  stream: http2.ServerHttp2Stream,
  code: number,
  message: string,
  delayMs?: number,
): void {
  const headers: http2.OutgoingHttpHeaders = {
    ':status': 200,
    'content-type': 'application/grpc',
    'grpc-status': String(code),
    'grpc-message': encodeURIComponent(message),
  };
  if (delayMs !== undefined) {
    const retryDelay = { seconds: String(Math.floor(delayMs / 1000)), nanos: (delayMs % 1000) * 1e6 };
    const value = encode(RetryInfoType, { retryDelay });
    const details = [{ typeUrl: 'type.googleapis.com/google.rpc.RetryInfo', value }];
    headers['grpc-status-details-bin'] = encode(RpcStatusType, { code, message, details })
      .toString('base64')
      .replace(/=+$/, '');
  }
  stream.respond(headers, { endStream: true });
}

interface ScopeSpans {
  scope?: { attributes?: object[] };
  spans?: Record<string, unknown>[];
}

function spansOf(message: Record<string, unknown>): Record<string, unknown>[] {
  const resources = (message.resourceSpans ?? []) as { scopeSpans?: ScopeSpans[] }[];
  return resources.flatMap(({ scopeSpans = [] }) =>
    scopeSpans.flatMap(({ scope, spans = [] }) => withScopeAttributes(spans, scope?.attributes)),
  );
}

/** What trace.proto demands of a span. */
function checkSpan(span: Record<string, unknown>): void {
  const { traceId, spanId, parentSpanId, name, startTimeUnixNano: start, endTimeUnixNano: end } = span;
  if (!isId(traceId, 16)) throw new Error('a trace id is not 16 bytes, or zero');
  if (!isId(spanId, 8)) throw new Error('a span id is not 8 bytes, or zero');
  if (parentSpanId !== undefined && !isId(parentSpanId, 8))
    throw new Error('a parent span id is not 8 bytes, or zero');
  if (name === undefined || name === '') throw new Error('a span has no name');
  if (start === undefined || end === undefined) throw new Error('a span has no start or no end');
  if (BigInt(end as string) < BigInt(start as string)) throw new Error('a span ends before it starts');
}

function isId(value: unknown, length: number): boolean {
  return Buffer.isBuffer(value) && value.length === length && value.some((byte) => byte !== 0);
}
