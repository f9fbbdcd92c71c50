import { readFile } from 'node:fs/promises';
import { Pool } from 'undici';
import type { Clock } from '../../component/clock.ts';
import { RetryableError } from '../../component/errors.ts';
import { exchange } from '../../component/http-exchange.ts';
import type { Answer } from './answer.ts';
import { Credentials } from './credentials.ts';
import { type LokiConfig, pushUrl } from './schema.ts';

/** Posts bodies over a pool of connections. Knows HTTP, knows nothing of logs. */

/** How much of an answer is read, in bytes; Loki lists at most ten bad records. */
const MAX_ANSWER_BYTES = 16_384;
/** Idle connections are closed sooner than load balancers do it (60 s and more), so that none is used while it dies. */
const KEEP_ALIVE_MS = 30_000;

const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'refused',
  ENOTFOUND: 'dns',
  EAI_AGAIN: 'dns',
  ECONNRESET: 'connection_lost',
  EPIPE: 'connection_lost',
  UND_ERR_SOCKET: 'connection_lost',
  UND_ERR_CONNECT_TIMEOUT: 'timeout',
  ETIMEDOUT: 'timeout',
};

export class LokiClient {
  readonly #config: LokiConfig;
  readonly #clock: Clock;
  readonly #url: URL;
  readonly #credentials: Credentials;
  readonly #headers: Record<string, string>;
  #pool: Pool | null = null;

  constructor(config: LokiConfig, clock: Clock, headers: Readonly<Record<string, string>>) {
    this.#config = config;
    this.#clock = clock;
    this.#url = pushUrl(config.url);
    this.#credentials = new Credentials(config.auth);
    this.#headers = { 'user-agent': 'log-capturer', ...config.headers, ...headers };
    if (config.tenant_id !== undefined) this.#headers['x-scope-orgid'] = config.tenant_id;
  }

  /** Rejects with the system error of a file of secrets or certificates that cannot be read. */
  async open(): Promise<void> {
    const { concurrency, timeout, tls } = this.#config;
    await this.#credentials.load();
    const read = (path: string | undefined) => (path === undefined ? undefined : readFile(path));
    this.#pool = new Pool(this.#url.origin, {
      connections: concurrency,
      keepAliveTimeout: KEEP_ALIVE_MS,
      // `post` times the whole request itself.
      headersTimeout: 0,
      bodyTimeout: 0,
      connect: {
        timeout,
        ca: await read(tls?.ca_file),
        cert: await read(tls?.cert_file),
        key: await read(tls?.key_file),
        ...(tls?.server_name !== undefined && { servername: tls.server_name }),
        rejectUnauthorized: !(tls?.insecure_skip_verify ?? false),
      },
    });
  }

  /**
   * Resolves with whatever Loki answers. Rejects with a `RetryableError` when there is no answer, and with the signal's
   * reason when aborted. `body` must not change until then.
   */
  async post(body: Buffer, signal: AbortSignal): Promise<Answer> {
    signal.throwIfAborted();
    if (this.#pool === null) throw new Error('LokiClient.post before open');
    const abort = new AbortController();
    const onAbort = () => abort.abort(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    const cancelTimeout = this.#clock.after(this.#config.timeout, () => {
      abort.abort(
        new RetryableError(`Loki did not answer within ${this.#config.timeout} ms`, { reason: 'timeout' }),
      );
    });
    try {
      const authorization = this.#credentials.header;
      const request = {
        path: this.#url.pathname + this.#url.search,
        method: 'POST',
        headers: authorization === undefined ? this.#headers : { ...this.#headers, authorization },
        body,
      } as const;
      const limits = { signal: abort.signal, maxAnswerBytes: MAX_ANSWER_BYTES };
      const { status, headers, body: answer } = await exchange(this.#pool, request, limits);
      const retryAfter = headers['retry-after'];
      if (status === 401 || status === 403) await this.#reload();
      return {
        status,
        retryAfter: Array.isArray(retryAfter) ? retryAfter[0] : retryAfter,
        text: answer.toString('utf8'),
      };
    } catch (error) {
      throw abort.signal.aborted ? abort.signal.reason : this.#unreachable(error as NodeJS.ErrnoException);
    } finally {
      cancelTimeout();
      signal.removeEventListener('abort', onAbort);
    }
  }

  async close(): Promise<void> {
    const pool = this.#pool;
    this.#pool = null;
    await pool?.destroy();
  }

  /** The secret may have been replaced since; where it cannot be read, the old one stays. */
  async #reload(): Promise<void> {
    await this.#credentials.load().catch(() => {});
  }

  #unreachable(error: NodeJS.ErrnoException): RetryableError {
    const { code = '' } = error;
    // Errors of certificates have many codes (ERR_TLS_…, CERT_…, DEPTH_ZERO_SELF_SIGNED_CERT, UNABLE_TO_VERIFY_…).
    const reason = REASONS[code] ?? (/TLS|SSL|CERT|VERIFY|ISSUER/.test(code) ? 'tls' : 'network');
    const detail = error.message || code || error.name;
    return new RetryableError(`cannot reach Loki at ${this.#url.origin}: ${detail}`, {
      reason,
      cause: error,
    });
  }
}
