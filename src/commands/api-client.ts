/**
 * Asks a running agent over its HTTP API. For the commands that are clients of it (`tracing`, `where`,
 * `dead-letters`): their common options, one request, and errors as sentences. Never starts or stops an agent,
 * never prints a token, never follows a redirect (it would take the token elsewhere).
 */
import { readFileSync } from 'node:fs';
import { Agent, type Dispatcher, errors, request } from 'undici';
import type { Problem } from '../http/problem.ts';
import { type ApiOptions, DEFAULT_URL } from './api-options.ts';
import { ExitCode } from './exit-code.ts';
import { print, printError } from './print.ts';
import { printable } from './printable.ts';

export { type ApiOptions, DEFAULT_URL, withApiOptions } from './api-options.ts';

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** Longest wait for a connection, and for each part of an answer, in milliseconds. */
const CONNECT_MS = 5000;
const ANSWER_MS = 30_000;

/** What went wrong, as a sentence to print. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  /** HTTP status; 0: no answer. */
  readonly status: number;

  constructor(message: string, status: number, cause?: unknown) {
    super(message, { cause });
    this.status = status;
  }
}

export class ApiClient {
  readonly #base: URL;
  readonly #token: string | undefined;
  readonly #agent: Agent;

  /** @throws ApiError when the options or the variables make no sense. */
  constructor(options: ApiOptions, environment: NodeJS.ProcessEnv = process.env) {
    const url = options.url ?? (environment.LOG_CAPTURER_URL || DEFAULT_URL);
    if (!URL.canParse(url) || !/^https?:\/\/[^/]/.test(url)) {
      throw new ApiError(`${url} is no URL of an agent; expected one such as ${DEFAULT_URL}`, 0);
    }
    this.#base = new URL(url.endsWith('/') ? url : `${url}/`);
    this.#token = options.token ?? (environment.LOG_CAPTURER_TOKEN || undefined);
    const connect = {
      timeout: CONNECT_MS,
      ...pem('ca', options.caFile ?? environment.LOG_CAPTURER_CA_FILE),
      ...pem('cert', options.certFile ?? environment.LOG_CAPTURER_CERT_FILE),
      ...pem('key', options.keyFile ?? environment.LOG_CAPTURER_KEY_FILE),
    };
    this.#agent = new Agent({ connect });
  }

  /**
   * One request with an answer in JSON.
   * @param path with its query, such as `/api/status`; parts that come from outside are encoded by the caller.
   * @throws ApiError
   */
  async ask<T>(method: Method, path: string, body?: unknown): Promise<T> {
    const text = await this.text(method, path, body);
    try {
      return JSON.parse(text) as T;
    } catch (error) {
      throw new ApiError(`what answers at ${this.#base.origin} is no log-capturer: expected JSON`, 0, error);
    }
  }

  /** The same with the answer as text. @throws ApiError */
  async text(method: Method, path: string, body?: unknown): Promise<string> {
    const answer = await this.#request(path, {
      method,
      ...(body !== undefined && {
        body: JSON.stringify(body),
        headers: { 'content-type': 'application/json' },
      }),
    });
    return this.#orExplain(answer.text());
  }

  /** An answer without an end, such as server-sent events, as it comes. Ends with the signal. @throws ApiError */
  async *stream(path: string, signal: AbortSignal): AsyncGenerator<string> {
    const decoder = new TextDecoder();
    const body = await this.#request(path, { method: 'GET', signal, bodyTimeout: 0 });
    try {
      for await (const chunk of body) yield decoder.decode(chunk as Buffer, { stream: true });
    } catch (error) {
      if (!signal.aborted) throw this.#unreachable(error);
    }
  }

  /** Lets go of connections: without it the process waits for them. */
  async close(): Promise<void> {
    await this.#agent.destroy();
  }

  async #request(
    path: string,
    options: Pick<Dispatcher.RequestOptions, 'method' | 'bodyTimeout'> & {
      body?: string;
      headers?: Record<string, string>;
      signal?: AbortSignal;
    },
  ): Promise<Dispatcher.ResponseData['body']> {
    const headers = {
      accept: 'application/json',
      ...options.headers,
      ...(this.#token !== undefined && { authorization: `Bearer ${this.#token}` }),
    };
    const answer = await this.#orExplain(
      request(new URL(path.replace(/^\//, ''), this.#base), {
        dispatcher: this.#agent,
        headersTimeout: ANSWER_MS,
        bodyTimeout: ANSWER_MS,
        ...options,
        headers,
      }),
    );
    if (answer.statusCode >= 200 && answer.statusCode < 300) return answer.body;
    throw this.#refusal(answer.statusCode, await this.#orExplain(answer.body.text()));
  }

  async #orExplain<T>(work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      throw this.#unreachable(error);
    }
  }

  #unreachable(error: unknown): ApiError {
    const { code, message } = error as NodeJS.ErrnoException;
    const where = this.#base.origin;
    if (code === 'ECONNREFUSED') {
      return new ApiError(
        `no agent answers at ${where}; start one (log-capturer run) or name another with --url`,
        0,
        error,
      );
    }
    if (error instanceof errors.ConnectTimeoutError || error instanceof errors.HeadersTimeoutError) {
      return new ApiError(`the agent at ${where} did not answer in time`, 0, error);
    }
    return new ApiError(`cannot reach an agent at ${where}: ${message || code || 'unknown error'}`, 0, error);
  }

  /** A sentence for an answer that is an error; the agent's own words where it is one of ours (RFC 9457). */
  #refusal(status: number, body: string): ApiError {
    const problem = parseProblem(body);
    if (status === 401) {
      const how = 'give its token with LOG_CAPTURER_TOKEN or --token';
      return new ApiError(
        this.#token === undefined
          ? `the agent asks for a token: ${how}`
          : `the agent refuses the token: ${how}`,
        status,
      );
    }
    if (status === 400 && problem?.errors !== undefined) {
      const wrong = problem.errors.map(({ field, detail }) => `${optionOf(field, detail)}: ${detail}`);
      return new ApiError(wrong.join('; '), status);
    }
    if (problem?.detail !== undefined) return new ApiError(problem.detail, status);
    if (status >= 300 && status < 400) {
      return new ApiError(`${this.#base.origin} redirects; name the address itself with --url`, status);
    }
    return new ApiError(`${this.#base.origin} answered ${status}`, status);
  }
}

/**
 * Runs a command that is a client: asks, prints the answer (as JSON with `--json`, else as `show` writes it), or the
 * reason why not on standard error. A request that the agent calls malformed (400) counts as wrong usage.
 */
export async function runClient<T>(
  options: ApiOptions,
  ask: (api: ApiClient) => Promise<T>,
  show: (answer: T) => string,
): Promise<ExitCode> {
  let api: ApiClient | undefined;
  try {
    api = new ApiClient(options);
    const answer = await ask(api);
    print(options.json ? `${JSON.stringify(answer, null, 2)}\n` : printable(show(answer)));
    return ExitCode.ok;
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    printError(`log-capturer: ${printable(error.message)}\n`);
    return error.status === 400 ? ExitCode.usage : ExitCode.failure;
  } finally {
    await api?.close();
  }
}

/** What cannot be given as an option: arguments, and keys of settings. */
const NO_OPTIONS = /^(?:source_id|trace_id|mode|request|[a-z_]+\..*|log_.*)$/;
/** What is said of a key that nothing is known of: it was written as it is. */
const UNKNOWN = /^unknown;/;

/** What a field of a request is called on the command line. */
function optionOf(field: string, detail: string): string {
  const [, part, name = field] = /^(body|querystring|params)\.(?:rule\.)?(?:where\.)?(.+)$/.exec(field) ?? [];
  // What is part of a path is an argument.
  return part === 'params' || NO_OPTIONS.test(name) || UNKNOWN.test(detail)
    ? name
    : `--${name.replaceAll('_', '-')}`;
}

function pem(name: 'ca' | 'cert' | 'key', file: string | undefined): Record<string, string> {
  if (file === undefined || file === '') return {};
  try {
    return { [name]: readFileSync(file, 'utf8') };
  } catch (error) {
    throw new ApiError(`cannot read ${file}: ${(error as Error).message}`, 0, error);
  }
}

function parseProblem(body: string): Partial<Problem> | undefined {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
