/**
 * Jaeger's Thrift over HTTP (`/api/traces` of its collector, usually at port 14268): the protocol of old Jaeger clients.
 * Endpoints with another path speak OTLP; create.ts decides.
 */
import { type DecodedScope, decodeResource, decodeScope, withScope } from '../spans/spans-decoder.ts';
import { HttpDestination } from './http-destination.ts';
import { writeProcess, writeSpan } from './jaeger-span.ts';
import type { OtlpOptions } from './otlp-http.ts';
import { RequestBodies } from './request-body.ts';
import { spansInTurns } from './spans-in-turns.ts';
import { ThriftWriter } from './thrift-writer.ts';
import type { EncodedSpans, Transport } from './transport.ts';

/** Jaeger's collector answers 500 when its own queue is full. */
const RETRYABLE = new Set([429, 500, 502, 503, 504]);

const CONTENT_TYPE = 'application/x-thrift';

export class JaegerTransport implements Transport {
  readonly #destination: HttpDestination;
  readonly #process: ThriftWriter;
  readonly #scope: DecodedScope;
  readonly #bodies: RequestBodies;

  constructor({ settings, envelope, ...options }: OtlpOptions) {
    this.#destination = new HttpDestination({
      settings: { ...settings, endpoint: withFormat(settings.endpoint) },
      retryable: RETRYABLE,
      contentType: CONTENT_TYPE,
      ...options,
    });
    this.#process = new ThriftWriter();
    this.#process.struct(1);
    writeProcess(this.#process, decodeResource(envelope.resource));
    this.#scope = decodeScope(envelope.scope);
    this.#bodies = new RequestBodies(settings.compression, 0);
  }

  get endpoint(): string {
    return this.#destination.endpoint;
  }

  /** A `Batch`: process = 1, spans = 2. */
  async send(batch: readonly EncodedSpans[], signal: AbortSignal): Promise<void> {
    const spans = new ThriftWriter();
    let count = 0;
    for await (const portion of spansInTurns(batch, signal)) {
      for (const span of portion.spans) writeSpan(spans, withScope(span, portion.scope), this.#scope);
      count += portion.spans.length;
    }
    const writer = new ThriftWriter();
    writer.append(this.#process);
    writer.structs(2, count);
    writer.append(spans);
    writer.endStruct();
    const bytes = writer.finish();
    const body = await this.#bodies.make({ parts: [bytes], length: bytes.length });
    await this.#destination.post(body, signal);
  }

  close(): Promise<void> {
    return this.#destination.close();
  }
}

/** The collector asks for the format in the query. */
function withFormat(endpoint: string): string {
  const url = new URL(endpoint);
  if (!url.searchParams.has('format')) url.searchParams.set('format', 'jaeger.thrift');
  return url.href;
}
