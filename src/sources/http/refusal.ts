import { STATUS_CODES } from 'node:http';

/** Answers of the http source that are errors: RFC 9457 problem details. They never hold a log's text. */

export const PROBLEM_TYPE = 'application/problem+json';

export interface RefusalOptions {
  /** Seconds for `Retry-After`. */
  readonly retryAfter?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** More members of the problem. */
  readonly members?: Readonly<Record<string, unknown>>;
}

/** Thrown while a request is served: it is answered so, and nothing more of it is read. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly #members: Readonly<Record<string, unknown>>;

  /** `detail`: what was wrong and what to do. */
  constructor(status: number, detail: string, options: RefusalOptions = {}) {
    super(detail);
    this.status = status;
    this.headers = {
      ...options.headers,
      ...(options.retryAfter !== undefined && { 'retry-after': String(options.retryAfter) }),
    };
    this.#members = options.members ?? {};
  }

  get body(): string {
    const title = STATUS_CODES[this.status] ?? 'Error';
    return JSON.stringify({
      type: 'about:blank',
      title,
      status: this.status,
      detail: this.message,
      ...this.#members,
    });
  }
}
