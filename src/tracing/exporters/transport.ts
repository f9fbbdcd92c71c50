/** What an export queue hands to a transport, and what it expects of one. */

import type { Deflated } from '../store/run.ts';

/** Encoded spans: repeated `spans` fields (number 2) of an OTLP `ScopeSpans` message, tags and lengths included. */
export interface EncodedSpans {
  /** As in `Run`: `plainSpans` (spans/span-run.ts) decompresses. */
  readonly bytes: Buffer;
  readonly deflated: Deflated | null;
  readonly spans: number;
  /** As in `Run`: attributes of the scope that these spans are to be put under. */
  readonly scope: Buffer | null;
}

/** Bytes of these spans when they are not compressed. */
export function plainLength({ bytes, deflated }: Pick<EncodedSpans, 'bytes' | 'deflated'>): number {
  return deflated === null ? bytes.length : deflated.length;
}

/** Whether spans with these scopes go under one: by reference, which is the usual case, or else by content. */
export function sameScope(a: Buffer | null, b: Buffer | null): boolean {
  return a === b || (a !== null && b !== null && a.equals(b));
}

/** Reason of a `PermanentError`: HTTP's status for a request that is too large (RFC 9110, 15.5.14). */
export const TOO_LARGE = '413';

/** Takes batches of spans to one destination. It keeps no spans and tries nothing again: the queue does. */
export interface Transport {
  /** Where to, for people; without secrets. */
  readonly endpoint?: string;
  /** Most bytes of one batch, when they are not compressed; the queue has a limit where there is none. */
  readonly maxBatchBytes?: number;
  /**
   * Sends one batch; called again before it has settled when the queue's `concurrency` allows. The bytes are valid until
   * it settles. Rejects with `RetryableError`, `PermanentError` or `PartialError` (src/component/errors.ts; any other
   * counts as permanent; `TOO_LARGE` as the reason says that less would be taken), and promptly once the signal is aborted.
   */
  send(batch: readonly EncodedSpans[], signal: AbortSignal): Promise<void>;
  /** Gives back connections and files; called once, after the last `send` settled or was aborted. */
  close(): Promise<void>;
}
