import { RetryableError } from '../../component/errors.ts';

/**
 * What an answer of Loki means for the records of the request. Texts: grafana/loki, pkg/validation/validate.go,
 * pkg/ingester/stream.go ("total ignored: N out of M"), pkg/util/errors ("N errors like: …"). A request with bad
 * records is answered 400, yet Loki stores the good ones; which ones were bad it says only for the first ten.
 */
export type Verdict =
  | { readonly kind: 'accepted' }
  | { readonly kind: 'retry'; readonly error: RetryableError }
  /** The body must be smaller. */
  | { readonly kind: 'too_large'; readonly message: string }
  /** At least `count` of the records will never be accepted. */
  | { readonly kind: 'refused'; readonly reason: string; readonly count: number; readonly message: string }
  /** Loki takes no structured metadata: send the same without. */
  | { readonly kind: 'no_metadata' };

export interface Answer {
  readonly status: number;
  readonly retryAfter: string | undefined;
  /** The beginning of the body. */
  readonly text: string;
}

/** What an operator has to mend is tried again at this pace, in milliseconds. */
const OPERATOR_PAUSE_MS = 15_000;
const MAX_MESSAGE = 300;

const REASONS: readonly (readonly [RegExp, string])[] = [
  [/too old|too far behind/i, 'too_old'],
  [/too new/i, 'too_new'],
  [/out of order/i, 'out_of_order'],
  [/max entry size/i, 'line_too_long'],
  [/structured metadata/i, 'bad_metadata'],
  [/label/i, 'bad_labels'],
];

/** `nowMs`: milliseconds since 1970, for dates in `Retry-After`. */
export function judge(answer: Answer, nowMs: number): Verdict {
  const { status, text } = answer;
  if (status >= 200 && status < 300) return { kind: 'accepted' };
  const message = `Loki answered ${status}: ${excerpt(text)}`;
  const retry = (reason: string, pauseMs = 0): Verdict => ({
    kind: 'retry',
    error: new RetryableError(message, {
      reason,
      retryAfterMs: Math.max(pauseMs, retryAfterMs(answer.retryAfter, nowMs)),
    }),
  });
  // A body that the distributor takes can still be too large for its call of the ingester, which is then a 500.
  if (status === 413 || (status >= 500 && /larger than max/i.test(text)))
    return { kind: 'too_large', message };
  if (status === 429) return retry('429');
  if (status >= 500) return retry('5xx');
  if (status === 408) return retry('timeout');
  if (status === 401 || status === 403) return retry('unauthorized', OPERATOR_PAUSE_MS);
  if (status < 400 || status === 404 || status === 405) return retry('wrong_url', OPERATOR_PAUSE_MS);
  if (/structured metadata, but this feature is disallowed/i.test(text)) return { kind: 'no_metadata' };
  const reason = REASONS.find(([pattern]) => pattern.test(text))?.[1] ?? 'rejected';
  return { kind: 'refused', reason, count: refusedCount(text), message };
}

/** How many records the text counts as refused; at least one. It counts one Loki stream only, so it may be too low. */
function refusedCount(text: string): number {
  const ignored = /total ignored: (\d+) out of \d+/.exec(text);
  if (ignored !== null) return Number(ignored[1]);
  let count = 0;
  for (const [, number] of text.matchAll(/(\d+) errors like: /g)) count += Number(number);
  return Math.max(1, count);
}

/** Milliseconds to wait: from seconds or an HTTP date (RFC 9110, section 10.2.3); 0 when there is neither. */
export function retryAfterMs(header: string | undefined, nowMs: number): number {
  if (header === undefined) return 0;
  if (/^\s*\d+\s*$/.test(header)) return Number(header) * 1000;
  const date = Date.parse(header);
  return Number.isNaN(date) ? 0 : Math.max(0, date - nowMs);
}

/** The text in one line and short. Parsers of JSON quote the body behind "error found in": that could be log text. */
function excerpt(text: string): string {
  const plain = text
    .replace(/error found in.*/s, 'error found in the body')
    .replace(/\s+/g, ' ')
    .trim();
  return plain.length > MAX_MESSAGE ? `${plain.slice(0, MAX_MESSAGE)}…` : plain || '(no text)';
}
