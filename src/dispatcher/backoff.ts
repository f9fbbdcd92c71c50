export interface RetryPolicy {
  /** Pause after the first failure, in milliseconds. */
  readonly initialMs: number;
  /** Longest pause, in milliseconds. */
  readonly maxMs: number;
  /** How long after its first attempt a delivery is given up, in milliseconds; 0: never. */
  readonly giveUpAfterMs: number;
}

/**
 * Milliseconds to wait after `failures` (≥ 1) failed attempts: doubled each time up to the maximum, of which a random
 * half is taken off ("equal jitter"), so that agents that failed together do not return together.
 * What the destination asked for (`retryAfterMs`) is the least, even above the maximum.
 */
export function backoffMs(
  policy: RetryPolicy,
  failures: number,
  retryAfterMs = 0,
  random: () => number = Math.random,
): number {
  // 2^30 times any initial pause is beyond every sensible maximum; a larger exponent would only overflow.
  const exponential = policy.initialMs * 2 ** Math.min(failures - 1, 30);
  const capped = Math.min(policy.maxMs, exponential);
  return Math.max(retryAfterMs, capped / 2 + (capped / 2) * random());
}
