/** OTLP over HTTP with protobuf bodies, as its specification has it (opentelemetry.io/docs/specs/otlp, "OTLP/HTTP"). */
import type { Clock } from '../../component/clock.ts';
import { PartialError } from '../../component/errors.ts';
import type { HttpSettings } from '../settings/settings-exporters.ts';
import type { Envelope } from '../spans/resource.ts';
import { shortened } from './error-text.ts';
import { HttpDestination } from './http-destination.ts';
import { otlpRequest, partialSuccess } from './otlp-request.ts';
import { RequestBodies } from './request-body.ts';
import type { EncodedSpans, Transport } from './transport.ts';

/** The specification lists these and forbids to send again after any other. */
const RETRYABLE = new Set([429, 502, 503, 504]);
const CONTENT_TYPE = 'application/x-protobuf';

/**
 * A request costs some 0.3 ms, as much as the spans of 10,000 logs, so it carries many (docs/adr/0005). OpenTelemetry's collector
 * takes 20 MiB by default (confighttp, `max_request_body_size`); others say so when it is too much for them.
 */
const MAX_BATCH_BYTES = 4 * 1024 * 1024;

export interface OtlpOptions {
  readonly settings: HttpSettings;
  readonly envelope: Envelope;
  readonly connections: number;
  readonly userAgent: string;
  readonly clock: Clock;
}

export class OtlpHttpTransport implements Transport {
  readonly maxBatchBytes = MAX_BATCH_BYTES;
  readonly #destination: HttpDestination;
  readonly #envelope: Envelope;
  readonly #bodies: RequestBodies;

  constructor({ settings, envelope, ...options }: OtlpOptions) {
    this.#destination = new HttpDestination({
      settings,
      retryable: RETRYABLE,
      contentType: CONTENT_TYPE,
      ...options,
    });
    this.#envelope = envelope;
    this.#bodies = new RequestBodies(settings.compression, options.connections);
  }

  get endpoint(): string {
    return this.#destination.endpoint;
  }

  async send(batch: readonly EncodedSpans[], signal: AbortSignal): Promise<void> {
    const body = await this.#bodies.make(otlpRequest(this.#envelope, batch));
    const answer = await this.#destination.post(body, signal);
    // Of a request that failed, the rest may still be on its way.
    this.#bodies.give(body);
    const partial = partialSuccess(answer);
    if (partial === null || partial.rejectedSpans <= 0) return;
    throw new PartialError(
      `${this.endpoint} rejected ${partial.rejectedSpans} spans${shortened(partial.message)}`,
      { reason: 'rejected', count: partial.rejectedSpans },
    );
  }

  close(): Promise<void> {
    return this.#destination.close();
  }
}
