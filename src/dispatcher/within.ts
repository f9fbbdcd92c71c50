import type { Clock } from '../component/clock.ts';

/** Waits for the event, but no longer than for so many milliseconds, and not once `signal` is aborted. Never rejects. */
export async function within(
  clock: Pick<Clock, 'sleep'>,
  ms: number,
  event: Promise<unknown>,
  signal?: AbortSignal,
): Promise<void> {
  const over = new AbortController();
  const end = signal === undefined ? over.signal : AbortSignal.any([over.signal, signal]);
  await Promise.race([event, clock.sleep(ms, end)]).catch(() => {});
  over.abort();
}
