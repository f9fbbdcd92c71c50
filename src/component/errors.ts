/**
 * What a sink throws, and what the dispatcher does about it. Any other error counts as retryable:
 * a fault in our own code must not lose logs.
 */

/** The destination may accept the same records later: the dispatcher waits and tries again. */
export class RetryableError extends Error {
  override readonly name = 'RetryableError';
  /** What the destination asked for (`Retry-After`), in milliseconds; 0: nothing. */
  readonly retryAfterMs: number;
  /** A short stable word for metrics: `timeout`, `refused`, `429`, `5xx`… */
  readonly reason: string;

  constructor(message: string, options: { reason: string; retryAfterMs?: number; cause?: unknown }) {
    super(message, { cause: options.cause });
    this.reason = options.reason;
    this.retryAfterMs = options.retryAfterMs ?? 0;
  }
}

/** The destination will never accept these records: they are not sent again. */
export class PermanentError extends Error {
  override readonly name = 'PermanentError';
  readonly reason: string;

  constructor(message: string, options: { reason: string; cause?: unknown }) {
    super(message, { cause: options.cause });
    this.reason = options.reason;
  }
}

/**
 * The destination accepted the delivery but for some records, which it will never accept.
 * `indexes` names them where the destination did; else only `count` is known.
 */
export class PartialError extends Error {
  override readonly name = 'PartialError';
  readonly reason: string;
  readonly count: number;
  readonly indexes: readonly number[] | null;

  constructor(
    message: string,
    options: { reason: string; count: number; indexes?: readonly number[]; cause?: unknown },
  ) {
    super(message, { cause: options.cause });
    this.reason = options.reason;
    this.count = options.count;
    this.indexes = options.indexes ?? null;
  }
}
