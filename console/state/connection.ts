/** Whether what is shown is of now. Set by feed.ts; everything that must not pretend to be live reads it. */
import { computed, signal } from '@preact/signals';

export interface Connection {
  readonly state: 'connecting' | 'live' | 'lost';
  /** When the last reading came, or when the page began to wait for the first; milliseconds since 1970. */
  readonly since: number;
  /** When the next try is made. */
  readonly retryAt: number | null;
}

export const connection = signal<Connection>({ state: 'connecting', since: Date.now(), retryAt: null });
export const stale = computed(() => connection.value.state === 'lost');
/** Of the agent's new start, when it began again while the page was open; its counters began again too. */
export const restartedAt = signal<string | null>(null);
