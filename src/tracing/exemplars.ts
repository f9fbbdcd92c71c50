/**
 * Logs whose traces the agent remembers at this moment, as examples for a histogram of latencies. Taken from the store
 * when somebody asks, so that every id leads to a trace and the path of logs knows nothing of it. Called at a scrape.
 */
import { STORED_HEAD } from './spans/span-run.ts';
import type { Run } from './store/run.ts';
import type { SpanRing } from './store/span-ring.ts';

/** Newest runs of spans that are looked at: some milliseconds of work. */
const MAX_RUNS = 50_000;
/** A run of log spans begins with the tag and length of a span, and those of its trace id (number 1, 16 bytes). */
const TRACE_ID_HEAD = [0x0a, 0x10] as const;
const TRACE_ID_BYTES = 16;

export interface TracedLog {
  /** Configured source. */
  readonly source: string;
  /** 32 lower-case hexadecimal digits; drawn from the bytes when asked for. */
  traceId(): string;
  /** From reading the log to its last acknowledgement. */
  readonly seconds: number;
  /** When it was acknowledged, milliseconds since 1970. */
  readonly endedAtMs: number;
}

/** The newest first: one log of each run of spans. Without logs that were filtered: no sink has seen them. */
export function* tracedLogs(ring: Pick<SpanRing, 'newestFirst'>): Generator<TracedLog> {
  let runs = 0;
  for (const run of ring.newestFirst()) {
    if (++runs > MAX_RUNS) return;
    const { meta } = run;
    if (meta === null || meta.outcome === 'filtered') continue;
    yield {
      source: meta.source,
      traceId: () => firstTraceId(run),
      seconds: meta.durationMs / 1000,
      endedAtMs: meta.startedAtMs + meta.durationMs,
    };
  }
}

/** That of the first span, which is never compressed. */
function firstTraceId({ bytes, deflated }: Run): string {
  let at = (deflated === null ? 0 : STORED_HEAD) + 1;
  while (bytes[at]! >= 0x80) at++;
  at += 1 + TRACE_ID_HEAD.length;
  return bytes.toString('hex', at, at + TRACE_ID_BYTES);
}
