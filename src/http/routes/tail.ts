/**
 * `GET /api/tail`: logs as they pass, as server-sent events. A sample for people who watch, no way to get all logs:
 * what it leaves out is counted, and said.
 */
import { z } from 'zod';
import type { Clock } from '../../component/clock.ts';
import { type EventStreams, eventText } from '../event-stream.ts';
import { problemSchema, Refusal } from '../problem.ts';
import type { Server } from '../server-type.ts';

/** What the route needs of the agent; `LiveTail` in src/live is one. */
export interface TailApi {
  open(
    filter: {
      readonly source?: string | undefined;
      readonly text?: string | undefined;
      readonly rate: number;
    },
    client: { readonly log: (log: object) => void },
  ): { readonly take: () => object; readonly end: () => void };
}

/** Milliseconds between two deliveries to a client, and between two reports of what was left out. */
const FLUSH_MS = 250;
const REPORT_MS = 1000;
const MAX_RATE = 1000;
/** Clients at once: each has every batch looked at. */
const MAX_CLIENTS = 8;

const rateError = `expected a whole number from 1 to ${MAX_RATE}`;

const schema = {
  summary: 'Logs as they pass: server-sent events.',
  description:
    'Event `log`: one log after its processors, with `at`, `source`, `source_id`, `text` (`cut` when longer than 8 KiB), and where known `level`, `offset`, `trace_id`. Event `counts`, once a second: how many logs `passed`, were `shown`, were `skipped` for the rate, and were `unsearched` because there were too many to look for the text.',
  tags: ['events'],
  produces: ['text/event-stream'],
  querystring: z.strictObject({
    source: z
      .string()
      .min(1)
      .max(1024)
      .optional()
      .describe('Id of a configured source, or of a stream, such as a path.'),
    text: z.string().min(1).max(1024).optional().describe('Only logs that contain it.'),
    rate: z
      .string()
      .regex(/^\d{1,4}$/, { error: rateError })
      .transform(Number)
      .pipe(z.int({ error: rateError }).min(1, { error: rateError }).max(MAX_RATE, { error: rateError }))
      .default(50)
      .describe('Most logs a second; of more, a sample is shown.'),
  }),
  response: { 200: z.string(), 400: problemSchema, 429: problemSchema },
};

interface Options {
  readonly tail: TailApi;
  readonly clock: Clock;
  readonly streams: EventStreams;
}

export function tailRoute(server: Server, { tail, clock, streams }: Options): void {
  let clients = 0;
  server.get(
    '/api/tail',
    { schema, exposeHeadRoute: false, config: { traced: false } },
    async ({ query }, reply) => {
      if (clients >= MAX_CLIENTS) {
        const detail = `${MAX_CLIENTS} clients watch logs already, which is the most there may be.`;
        throw new Refusal(429, detail, { 'retry-after': '5' });
      }
      let waiting = '';
      let cancel = () => {};
      let flushes = 0;
      const stream = streams.open(reply, () => {
        clients--;
        cancel();
        watched.end();
      });
      clients++;
      const watched = tail.open(query, {
        log: (log) => {
          waiting += eventText('log', log);
        },
      });
      const flush = () => {
        cancel = clock.after(FLUSH_MS, flush);
        if (++flushes % (REPORT_MS / FLUSH_MS) === 0) waiting += eventText('counts', watched.take());
        if (waiting === '') return;
        stream.write(waiting);
        waiting = '';
      };
      cancel = clock.after(FLUSH_MS, flush);
    },
  );
}
