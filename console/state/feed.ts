/**
 * What the agent says of itself, once a second: by its event stream, or by asking when it has none. Without a
 * connection it tries again, ever less often. While the tab is hidden it is silent. Started once, by main.tsx.
 */
import { effect, signal } from '@preact/signals';
import { ApiError, get } from '../api/client.ts';
import { listen } from '../api/events.ts';
import type { Status, TracingStatus } from '../api/shapes.ts';
import { connection, restartedAt } from './connection.ts';
import { identify, identity, signedOut } from './session.ts';

/** One reading; the status and the tracing status of the same moment. */
export interface Reading {
  readonly status: Status;
  readonly tracing: TracingStatus;
  /** When it came, in milliseconds since 1970. */
  readonly at: number;
}

const INTERVAL_MS = 1000;
/** A stream that is silent this long is taken for dead. */
const SILENCE_MS = 6000;
const RETRY_MS = [1000, 2000, 4000, 8000] as const;
/** Rates are over this many readings, so that they stand still enough to be read. */
const WINDOW = 4;
const START_TOLERANCE_MS = 2000;

/** The last few readings of one life of the agent, oldest first; rates are differences of these. */
export const recent = signal<readonly Reading[]>([]);
/** The newest reading; null before the first. */
export const latest = signal<Reading | null>(null);

let attempt: AbortController | null = null;
let hurry: () => void = () => {};

export function startFeed(): void {
  document.addEventListener('visibilitychange', () => (document.hidden ? pause() : resume()));
  // Of the session only this: while signed out there is nothing to ask for.
  effect(() => (signedOut.value === null && !document.hidden ? resume() : pause()));
}

/** Tries at once instead of at the end of the wait. */
export function tryNow(): void {
  hurry();
}

function pause(): void {
  attempt?.abort();
  attempt = null;
}

function resume(): void {
  if (attempt !== null || signedOut.peek() !== null) return;
  attempt = new AbortController();
  void follow(attempt.signal);
}

async function follow(signal: AbortSignal): Promise<void> {
  let failures = 0;
  const took = (reading: Reading) => {
    failures = 0;
    take(reading);
  };
  while (!signal.aborted) {
    if (identity.peek() === null) await identify();
    try {
      await stream(signal, took);
    } catch (error) {
      if (signal.aborted || (error instanceof ApiError && error.status === 401)) return;
      const wait = RETRY_MS[Math.min(failures++, RETRY_MS.length - 1)]!;
      const { state, since } = connection.peek();
      connection.value = {
        state: 'lost',
        since: state === 'lost' ? since : (latest.peek()?.at ?? since),
        retryAt: Date.now() + wait,
      };
      await pauseFor(wait, signal);
    }
  }
}

/** Events where the agent offers them, else questions. Throws when the connection is lost. */
async function stream(signal: AbortSignal, took: (reading: Reading) => void): Promise<void> {
  try {
    await listen('api/events', {
      signal,
      silenceMs: SILENCE_MS,
      on: ({ event, data }) => {
        if (event === 'status') took(readingOf(JSON.parse(data)));
      },
    });
  } catch (error) {
    if (!(error instanceof ApiError && error.missing)) throw error;
    await poll(signal, took);
  }
}

async function poll(signal: AbortSignal, took: (reading: Reading) => void): Promise<void> {
  while (!signal.aborted) {
    const [status, tracing] = await Promise.all([
      get<Status>('api/status', signal),
      get<TracingStatus>('api/tracing/status', signal),
    ]);
    took({ status, tracing, at: Date.now() });
    await pauseFor(INTERVAL_MS, signal);
  }
}

function readingOf(event: { status: Status; tracing: TracingStatus }): Reading {
  return { status: event.status, tracing: event.tracing, at: Date.now() };
}

function take(reading: Reading): void {
  const before = latest.peek();
  if (before !== null && isAnotherLife(before.status, reading.status)) {
    restartedAt.value = reading.status.started_at;
    recent.value = [];
    void identify();
  }
  if (connection.peek().state !== 'live')
    connection.value = { state: 'live', since: reading.at, retryAt: null };
  recent.value = [...recent.peek().slice(1 - WINDOW), reading];
  latest.value = reading;
}

/** The start is worked out from two clocks, and moves by some milliseconds when one of them is corrected. */
export function isAnotherLife(
  before: Pick<Status, 'started_at'>,
  after: Pick<Status, 'started_at'>,
): boolean {
  return Math.abs(Date.parse(after.started_at) - Date.parse(before.started_at)) > START_TOLERANCE_MS;
}

function pauseFor(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      hurry = () => {};
      resolve();
    };
    const timer = setTimeout(done, ms);
    hurry = done;
    signal.addEventListener('abort', done, { once: true });
  });
}
