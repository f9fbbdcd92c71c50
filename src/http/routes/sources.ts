/**
 * `GET /api/sources` and `/api/sources/{id}`: what is read, how far, and what became of it. A source may have ten
 * thousand streams: the list only counts them, and one source shows them page by page.
 */
import { z } from 'zod';
import type { AgentStatus } from '../../component/status.ts';
import { PROBLEM_TYPE, problem, problemSchema } from '../problem.ts';
import type { Server } from '../server-type.ts';
import { paged } from '../streams-page.ts';
import { statusSchema } from './status.ts';

/** Most streams in one answer, and how many unless asked otherwise. */
const MAX_LIMIT = 1000;
const DEFAULT_LIMIT = 100;

const whole = statusSchema.shape.sources.unwrap().element;
const { streams: streamsSchema, ...shape } = whole.shape;

const summary = z.object({
  ...shape,
  stream_count: z.number().describe('Streams: files, containers or connections.'),
  lag_bytes: z.number().describe('Bytes known to exist in all of them that have not been read.'),
});

const details = summary.extend({
  streams: streamsSchema,
  next_cursor: z
    .string()
    .optional()
    .describe('Ask again with it for the next ones; absent: there are no more.'),
});

const limitError = `expected a whole number from 1 to ${MAX_LIMIT}`;
const querystring = z.strictObject({
  limit: z.coerce
    .number({ error: limitError })
    .int({ error: limitError })
    .min(1, { error: limitError })
    .max(MAX_LIMIT, { error: limitError })
    .default(DEFAULT_LIMIT)
    .describe('Most streams in the answer.'),
  cursor: z.string().max(4096).optional().describe('`next_cursor` of the page before.'),
  sort: z.enum(['id', 'lag']).default('id').describe('id: by name; lag: those with most unread bytes first.'),
  name: z.string().min(1).max(1024).optional().describe('Only streams whose id contains this.'),
});

type Source = AgentStatus['sources'][number];

export function sourcesRoutes(server: Server, { status }: { status: () => AgentStatus }): void {
  server.get(
    '/api/sources',
    {
      schema: {
        summary: 'Every source: how much it has read, and what became of it.',
        tags: ['status'],
        response: { 200: z.object({ sources: z.array(summary).readonly() }) },
      },
    },
    async () => ({ sources: status().sources.map(summaryOf) }),
  );

  server.get(
    '/api/sources/:id',
    {
      schema: {
        summary: 'One source, with its streams page by page.',
        tags: ['status'],
        params: z.object({ id: z.string() }),
        querystring,
        response: { 200: details, 400: problemSchema, 404: problemSchema },
      },
    },
    async ({ params, query, url }, reply) => {
      const { sources } = status();
      const source = sources.find(({ id }) => id === params.id);
      if (source === undefined) {
        const known = sources.map(({ id }) => id).join(', ');
        return reply
          .code(404)
          .type(PROBLEM_TYPE)
          .send(problem(404, `No source has this id; configured are ${known}.`, url));
      }
      const { limit, cursor, sort, name } = query;
      const streams =
        name === undefined ? source.streams : source.streams.filter(({ id }) => id.includes(name));
      const page = paged(streams, { limit, sort, cursor });
      if (page === null) {
        const detail = 'cursor: expected the next_cursor of an answer with the same sort';
        return reply
          .code(400)
          .type(PROBLEM_TYPE)
          .send({
            ...problem(400, detail, url),
            errors: [{ field: 'querystring.cursor', detail: 'expected the next_cursor of an answer' }],
          });
      }
      return { ...summaryOf(source), ...page };
    },
  );
}

function summaryOf({ streams, ...source }: Source) {
  return {
    ...source,
    stream_count: streams.length,
    lag_bytes: streams.reduce((total, stream) => total + stream.lag_bytes, 0),
  };
}
