import { RetryableError } from '../../component/errors.ts';

/**
 * What an answer means for the records of the request. Only what Loki itself says about records gives any of them up:
 * everything else an operator can mend, so it is tried again. Texts: grafana/loki, pkg/validation/validate.go,
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
/** Loki's own status while an operator blocks ingestion (limits_config.block_ingestion_status_code): it stored nothing. */
const BLOCKED_STATUS = 260;

/** What is believed of `Retry-After`, in milliseconds: a mistake there must not stop delivery for days. */
const MAX_RETRY_AFTER_MS = 3_600_000;

/** Loki's validation of records, and what to do about it. The first that fits counts. */
const REFUSALS: readonly (readonly [text: RegExp, reason: string, advice: string])[] = [
  [
    /timestamp too old|entry too far behind/i,
    'too_old',
    'raise limits_config.reject_old_samples_max_age, or set timestamp: read',
  ],
  [
    /timestamp too new/i,
    'too_new',
    'compare the clocks, raise limits_config.creation_grace_period, or set timestamp: read',
  ],
  [/entry out of order/i, 'out_of_order', 'set limits_config.unordered_writes, or timestamp: read'],
  [/max entry size '?\d/i, 'line_too_long', 'raise limits_config.max_line_size'],
  [
    /structured metadata too large|too many structured metadata labels/i,
    'bad_metadata',
    'name fewer fields in structured_metadata, or raise limits_config.max_structured_metadata_size',
  ],
  [
    /error parsing labels|at least one label pair is required|has \d+ label names; limit|has label (name|value) too long|has duplicate label name/i,
    'bad_labels',
    'check labels of the sink and of the source',
  ],
  [/total ignored: \d+ out of \d+/, 'rejected', 'check limits_config of Loki'],
];

/** `nowMs`: milliseconds since 1970, for dates in `Retry-After`. */
export function judge(answer: Answer, nowMs: number): Verdict {
  const { status, text } = answer;
  if (status >= 200 && status < 300 && status !== BLOCKED_STATUS) return { kind: 'accepted' };
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
  if (status === BLOCKED_STATUS) return retry('blocked', OPERATOR_PAUSE_MS);
  if (status === 401 || status === 403) return retry('unauthorized', OPERATOR_PAUSE_MS);
  if (status < 400 || status === 404 || status === 405) return retry('wrong_url', OPERATOR_PAUSE_MS);
  if (/structured metadata, but this feature is disallowed/i.test(text)) return { kind: 'no_metadata' };
  const refusal = REFUSALS.find(([pattern]) => pattern.test(text));
  // Anything else is not about records: a proxy, another server at that port, a wrong setting.
  if (refusal === undefined) return retry('bad_request', OPERATOR_PAUSE_MS);
  const [, reason, advice] = refusal;
  return { kind: 'refused', reason, count: refusedCount(text), message: `${message}; ${advice}` };
}

/** How many records the text counts as refused; at least one. It counts one Loki stream only, so it may be too low. */
function refusedCount(text: string): number {
  const ignored = /total ignored: (\d+) out of \d+/.exec(text);
  if (ignored !== null) return Number(ignored[1]);
  let count = 0;
  for (const [, number] of text.matchAll(/(\d+) errors like: /g)) count += Number(number);
  return Math.max(1, count);
}

/** Milliseconds to wait, at most an hour: from seconds or an HTTP date (RFC 9110, section 10.2.3); 0 without either. */
export function retryAfterMs(header: string | undefined, nowMs: number): number {
  if (header === undefined) return 0;
  const ms = /^\s*\d+\s*$/.test(header) ? Number(header) * 1000 : Date.parse(header) - nowMs;
  return Number.isNaN(ms) ? 0 : Math.min(Math.max(0, ms), MAX_RETRY_AFTER_MS);
}

/** The text in one line and short. Parsers of JSON quote the body behind "error found in": that could be log text. */
function excerpt(text: string): string {
  const plain = text
    .replace(/error found in.*/s, 'error found in the body')
    .replace(/\s+/g, ' ')
    .trim();
  return plain.length > MAX_MESSAGE ? `${plain.slice(0, MAX_MESSAGE)}…` : plain || '(no text)';
}
