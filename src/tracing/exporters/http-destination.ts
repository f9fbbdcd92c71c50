/**
 * Posts requests to one URL and says what a failure means. It tries nothing again and has no time limit of its own: the
 * queue does and has. Used by the OTLP/HTTP and Jaeger transports.
 */
import { Pool } from 'undici';
import type { Clock } from '../../component/clock.ts';
import { PermanentError, RetryableError } from '../../component/errors.ts';
import { exchange, type HttpAnswer } from '../../component/http-exchange.ts';
import type { HttpSettings } from '../settings/settings-exporters.ts';
import { errorText } from './error-text.ts';
import type { Body } from './request-body.ts';
import { tlsOptions } from './tls-options.ts';
import { TOO_LARGE } from './transport.ts';

/** More of an answer is not read; collectors answer with a few bytes. */
const MAX_ANSWER_BYTES = 64 * 1024;
/** Longer than the usual `batch_timeout`, so that a quiet agent does not connect for every request. */
const KEEP_ALIVE_MS = 60_000;

export interface HttpDestinationOptions {
  readonly settings: HttpSettings;
  /** How many requests may be under way. */
  readonly connections: number;
  /** Statuses after which the same request may succeed later. */
  readonly retryable: ReadonlySet<number>;
  readonly contentType: string;
  readonly userAgent: string;
  readonly clock: Clock;
}

export class HttpDestination {
  /** The URL without user, password and query. */
  readonly endpoint: string;
  readonly #path: string;
  /** By the encoding of the body. */
  readonly #headers: Readonly<Record<Body['encoding'], Readonly<Record<string, string>>>>;
  readonly #pool: Pool;
  readonly #retryable: ReadonlySet<number>;
  readonly #clock: Clock;

  /** Connects to nothing yet. Throws when a file of the TLS settings cannot be read. */
  constructor({ settings, connections, retryable, contentType, userAgent, clock }: HttpDestinationOptions) {
    const url = new URL(settings.endpoint);
    this.endpoint = url.origin + url.pathname;
    this.#path = url.pathname + url.search;
    const user = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
    const identity = {
      'user-agent': userAgent,
      ...(user !== ':' && { authorization: `Basic ${Buffer.from(user).toString('base64')}` }),
      ...settings.headers,
      'content-type': contentType,
    };
    this.#headers = { identity, gzip: { ...identity, 'content-encoding': 'gzip' } };
    this.#pool = new Pool(url.origin, {
      connections,
      allowH2: false,
      headersTimeout: 0,
      bodyTimeout: 0,
      keepAliveTimeout: KEEP_ALIVE_MS,
      connect: { ...tlsOptions(settings.tls), timeout: settings.timeoutMs },
    });
    this.#retryable = retryable;
    this.#clock = clock;
  }

  /** Resolves with the body of a 2xx answer. Rejects with `RetryableError`, `PermanentError` or the signal's reason. */
  async post(body: Body, signal: AbortSignal): Promise<Buffer> {
    const { status, headers: answerHeaders, body: answer } = await this.#request(body, signal);
    if (status >= 200 && status < 300) return answer;
    const message = `${this.endpoint} answered ${status}${errorText(answerHeaders['content-type'], answer)}`;
    if (this.#retryable.has(status)) {
      const reason = status === 429 ? '429' : '5xx';
      throw new RetryableError(message, {
        reason,
        retryAfterMs: this.#retryAfterMs(answerHeaders['retry-after']),
      });
    }
    // OpenTelemetry's collector says it with 400, and in words.
    const isTooLarge = status === 400 && /body too large/i.test(message);
    throw new PermanentError(message, { reason: isTooLarge ? TOO_LARGE : String(status) });
  }

  async close(): Promise<void> {
    await this.#pool.destroy();
  }

  async #request({ bytes, encoding }: Body, signal: AbortSignal): Promise<HttpAnswer> {
    try {
      const request = {
        method: 'POST',
        path: this.#path,
        headers: this.#headers[encoding],
        body: bytes,
      } as const;
      return await exchange(this.#pool, request, { signal, maxAnswerBytes: MAX_ANSWER_BYTES });
    } catch (error) {
      signal.throwIfAborted();
      const { code, message } = error as NodeJS.ErrnoException;
      const what = message || code || 'the connection failed';
      throw new RetryableError(`cannot reach ${this.endpoint}: ${what}`, {
        reason: code === 'ECONNREFUSED' ? 'refused' : 'network',
        cause: error,
      });
    }
  }

  /** `Retry-After`: seconds or a date (RFC 9110, 10.2.3); 0 when it is neither. */
  #retryAfterMs(value: string | string[] | undefined): number {
    if (typeof value !== 'string') return 0;
    if (/^\d+$/.test(value)) return Number(value) * 1000;
    const date = Date.parse(value);
    return Number.isNaN(date) ? 0 : Math.max(0, date - this.#clock.toEpoch(this.#clock.now()));
  }
}
