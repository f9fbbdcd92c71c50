/**
 * OTLP over gRPC: the one unary call it needs, by hand over node:http2 (grpc.io, "PROTOCOL-HTTP2.md"). One connection,
 * opened when there is something to send and again after it was lost.
 */
import * as http2 from 'node:http2';
import type { ConnectionOptions } from 'node:tls';
import { gunzipSync } from 'node:zlib';
import { PartialError, RetryableError } from '../../component/errors.ts';
import type { HttpSettings } from '../settings/settings-exporters.ts';
import type { Envelope } from '../spans/resource.ts';
import { shortened } from './error-text.ts';
import { grpcError } from './grpc-status.ts';
import type { OtlpOptions } from './otlp-http.ts';
import { otlpRequest, partialSuccess } from './otlp-request.ts';
import { RequestBodies } from './request-body.ts';
import { tlsOptions } from './tls-options.ts';
import type { EncodedSpans, Transport } from './transport.ts';

const METHOD = '/opentelemetry.proto.collector.trace.v1.TraceService/Export';
/** A message begins with a flag (1: compressed) and its length. */
const FRAME_HEAD_BYTES = 5;
/** More of an answer is not read; collectors answer with a few bytes. */
const MAX_ANSWER_BYTES = 64 * 1024;

interface Answer {
  readonly headers: http2.IncomingHttpHeaders;
  readonly trailers: http2.IncomingHttpHeaders;
  readonly body: Buffer;
}

export class OtlpGrpcTransport implements Transport {
  readonly endpoint: string;
  readonly #settings: HttpSettings;
  readonly #tls: ConnectionOptions;
  readonly #envelope: Envelope;
  readonly #headers: http2.OutgoingHttpHeaders;
  readonly #bodies: RequestBodies;
  #session: http2.ClientHttp2Session | null = null;

  /** Connects to nothing yet. Throws when a file of the TLS settings cannot be read. */
  constructor({ settings, envelope, userAgent }: Omit<OtlpOptions, 'connections' | 'clock'>) {
    this.endpoint = new URL(settings.endpoint).origin;
    this.#settings = settings;
    this.#bodies = new RequestBodies(settings.compression, 0);
    this.#tls = tlsOptions(settings.tls);
    this.#envelope = envelope;
    this.#headers = {
      ...lowerCased(settings.headers),
      ':method': 'POST',
      ':path': METHOD,
      te: 'trailers',
      'content-type': 'application/grpc',
      'user-agent': userAgent,
      'grpc-timeout': `${Math.min(settings.timeoutMs, 99_999_999)}m`,
      ...(settings.compression !== 'none' && { 'grpc-encoding': 'gzip' }),
    };
  }

  async send(batch: readonly EncodedSpans[], signal: AbortSignal): Promise<void> {
    const { bytes, encoding } = await this.#bodies.make(otlpRequest(this.#envelope, batch));
    const head = Buffer.alloc(FRAME_HEAD_BYTES);
    head.writeUInt8(encoding === 'gzip' ? 1 : 0, 0);
    head.writeUInt32BE(bytes.length, 1);
    const answer = await this.#call([head, bytes], signal);
    const error = grpcError(this.endpoint, answer.headers, answer.trailers);
    if (error !== null) throw error;
    const partial = partialSuccess(messageOf(answer.body));
    if (partial === null || partial.rejectedSpans <= 0) return;
    throw new PartialError(
      `${this.endpoint} rejected ${partial.rejectedSpans} spans${shortened(partial.message)}`,
      { reason: 'rejected', count: partial.rejectedSpans },
    );
  }

  async close(): Promise<void> {
    this.#session?.destroy();
  }

  #call(chunks: readonly Buffer[], signal: AbortSignal): Promise<Answer> {
    return new Promise((resolve, reject) => {
      signal.throwIfAborted();
      const session = this.#connected();
      const stream = session.request(this.#headers);
      let headers: http2.IncomingHttpHeaders = {};
      let trailers: http2.IncomingHttpHeaders | null = null;
      let failure: Error | null = null;
      const body: Buffer[] = [];
      let bytes = 0;
      const onAbort = () => {
        // A connection on which nothing comes back may be dead without anybody having said so.
        this.#drop(session);
        reject(signal.reason);
      };
      signal.addEventListener('abort', onAbort, { once: true });
      stream.on('response', (received) => {
        headers = received;
      });
      stream.on('trailers', (received) => {
        trailers = received;
      });
      stream.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes <= MAX_ANSWER_BYTES) body.push(chunk);
      });
      stream.on('error', (error: Error) => {
        failure = error;
      });
      stream.on('close', () => {
        signal.removeEventListener('abort', onAbort);
        // A server may answer and then reset the stream, because it does not care for the rest of the request.
        const answered = trailers !== null || headers[':status'] !== undefined;
        if (answered && (failure === null || grpcStatus(trailers ?? headers) !== undefined)) {
          resolve({ headers, trailers: trailers ?? headers, body: Buffer.concat(body) });
        } else {
          reject(this.#lost(failure));
        }
      });
      for (const chunk of chunks) stream.write(chunk);
      stream.end();
    });
  }

  #connected(): http2.ClientHttp2Session {
    const open = this.#session;
    if (open !== null && !open.closed && !open.destroyed) return open;
    const session = http2.connect(this.#settings.endpoint, this.#tls);
    // Streams report the error too; without a listener it would end the process.
    session.on('error', () => this.#drop(session));
    session.on('goaway', () => this.#drop(session, { finish: true }));
    session.on('close', () => this.#drop(session));
    this.#session = session;
    return session;
  }

  #drop(session: http2.ClientHttp2Session, { finish = false } = {}): void {
    if (this.#session === session) this.#session = null;
    if (finish) session.close();
    else session.destroy();
  }

  #lost(failure: Error | null): RetryableError {
    // Streams say that they were cancelled; why the connection failed is the cause of that.
    const { code, message } = (failure?.cause ?? failure ?? {}) as NodeJS.ErrnoException;
    return new RetryableError(
      `cannot reach ${this.endpoint}: ${message || code || 'the connection was closed'}`,
      {
        reason: code === 'ECONNREFUSED' ? 'refused' : 'network',
        cause: failure,
      },
    );
  }
}

/** The message of a frame: servers answer in the compression of the request. Empty when it cannot be read: the status counts. */
function messageOf(frame: Buffer): Buffer {
  const message = frame.subarray(FRAME_HEAD_BYTES);
  if (frame[0] !== 1) return message;
  try {
    return gunzipSync(message, { maxOutputLength: MAX_ANSWER_BYTES });
  } catch {
    return Buffer.alloc(0);
  }
}

function grpcStatus(headers: http2.IncomingHttpHeaders): unknown {
  return headers['grpc-status'];
}

/** HTTP/2 allows no other names. */
function lowerCased(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}
