/**
 * `GET /api/events`: the status of the agent and of its tracing, again and again, as server-sent events. However many
 * clients there are, the status is asked for and written as text once a second.
 */
import { z } from 'zod';
import type { Clock } from '../../component/clock.ts';
import type { AgentStatus } from '../../component/status.ts';
import { duration } from '../../component/units.ts';
import { type EventStream, type EventStreams, eventText } from '../event-stream.ts';
import { problemSchema } from '../problem.ts';
import type { Server } from '../server-type.ts';
import type { TracingApi } from '../tracing-api.ts';

/** Milliseconds between two readings. */
const TICK_MS = 1000;
/** Most streams shown of a source, those with the largest lag: there may be ten thousand. */
const MAX_STREAMS = 100;

const schema = {
  summary: 'What the agent does, as it happens: server-sent events.',
  description:
    'Event `status`: `{status, tracing}`, as `/api/status` and `/api/tracing/status` answer, of the same moment; of every source at most 100 streams, those with the largest lag, and `stream_count` and `lag_bytes` of all. A comment is sent when nothing else was for 2 seconds.',
  tags: ['events'],
  produces: ['text/event-stream'],
  querystring: z.strictObject({
    interval: duration({ min: '1s', max: '1m' })
      .prefault('1s')
      .describe('How often, in whole seconds, such as 5s.'),
  }),
  response: { 200: z.string(), 400: problemSchema, 429: problemSchema },
};

interface Options {
  readonly status: () => AgentStatus;
  readonly tracing: Pick<TracingApi, 'status'>;
  readonly clock: Clock;
  readonly streams: EventStreams;
}

export function eventsRoute(server: Server, { status, tracing, clock, streams }: Options): void {
  /** Clients, each with how many ticks lie between two of its events. */
  const clients = new Map<EventStream, number>();
  let ticks = 0;
  let cancel: (() => void) | null = null;
  const reading = () => eventText('status', { status: shortened(status()), tracing: tracing.status() });
  const tick = () => {
    cancel = clock.after(TICK_MS, tick);
    ticks++;
    let text: string | undefined;
    for (const [stream, every] of clients) {
      if (ticks % every !== 0) continue;
      text ??= reading();
      stream.write(text);
    }
  };
  server.get(
    '/api/events',
    { schema, exposeHeadRoute: false, config: { traced: false } },
    async ({ query }, reply) => {
      const stream = streams.open(reply, () => {
        clients.delete(stream);
        if (clients.size > 0) return;
        cancel?.();
        cancel = null;
      });
      clients.set(stream, Math.ceil(query.interval / TICK_MS));
      cancel ??= clock.after(TICK_MS, tick);
      stream.write(reading());
    },
  );
}

function shortened(status: AgentStatus) {
  const sources = status.sources.map((source) => {
    const { streams } = source;
    const lag_bytes = streams.reduce((sum, stream) => sum + stream.lag_bytes, 0);
    const shown =
      streams.length <= MAX_STREAMS
        ? streams
        : streams.toSorted((a, b) => b.lag_bytes - a.lag_bytes).slice(0, MAX_STREAMS);
    return { ...source, streams: shown, stream_count: streams.length, lag_bytes };
  });
  return { ...status, sources };
}
