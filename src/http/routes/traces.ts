/** `GET /api/traces` and `/api/traces/{id}`: what the agent remembers of the traces it made, without any backend. */
import { z } from 'zod';
import { duration, parseDuration } from '../../component/units.ts';
import { PROBLEM_TYPE, problem, problemSchema } from '../problem.ts';
import { OUTCOMES, REASONS, TYPES, traceListSchema, traceSchema } from '../schemas/traces.ts';
import type { Server } from '../server-type.ts';
import type { TracingApi } from '../tracing-api.ts';

/** Most traces in one answer, and how many unless asked otherwise. */
const MAX_LIMIT = 1000;
const DEFAULT_LIMIT = 20;

/** A date, or a date and a time with its offset: what `Date.parse` reads alike everywhere (ECMA-262, 21.4.1.32). */
const ISO_TIME = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:\d\d))?$/;

const traceIdError = 'expected 32 hexadecimal digits';
const traceId = z.string().regex(/^[0-9a-fA-F]{32}$/, { error: traceIdError });
const limitError = `expected a whole number from 1 to ${MAX_LIMIT}`;

export function tracesRoutes(
  server: Server,
  { tracing, now = Date.now }: { tracing: TracingApi; now?: () => number },
): void {
  const querystring = z.strictObject({
    source: z
      .string()
      .min(1)
      .max(1024)
      .optional()
      .describe('Id of a configured source, or of a stream, such as a path.'),
    outcome: z.enum(OUTCOMES).optional().describe('How the log ended.'),
    reason: z.enum(REASONS).optional().describe('Why the log was traced.'),
    min_duration: duration().optional().describe('Such as 500ms.'),
    max_duration: duration().optional(),
    since: pointInTime(now)
      .optional()
      .describe('Traces that started then or later: ISO 8601, or how long ago.'),
    until: pointInTime(now).optional().describe('Traces that started earlier: ISO 8601, or how long ago.'),
    trace_id: traceId.optional(),
    type: z
      .enum(TYPES)
      .optional()
      .describe('log (default): traces of logs; system: of batches and requests.'),
    limit: z.coerce
      .number({ error: limitError })
      .int({ error: limitError })
      .min(1, { error: limitError })
      .max(MAX_LIMIT, { error: limitError })
      .default(DEFAULT_LIMIT),
  });
  const listSchema = {
    summary: 'Traces that the agent remembers, the newest first.',
    tags: ['traces'],
    querystring,
    response: { 200: traceListSchema, 400: problemSchema },
  };
  server.get('/api/traces', { schema: listSchema }, async ({ query }) =>
    tracing.traces({
      traceId: query.trace_id?.toLowerCase(),
      sourceId: query.source,
      outcome: query.outcome,
      reason: query.reason,
      minDurationMs: query.min_duration,
      maxDurationMs: query.max_duration,
      fromMs: query.since,
      toMs: query.until,
      type: query.type,
      limit: query.limit,
    }),
  );

  const oneSchema = {
    summary: 'Everything remembered of one trace, with its spans.',
    tags: ['traces'],
    params: z.object({ id: traceId }),
    response: { 200: traceSchema, 400: problemSchema, 404: problemSchema },
  };
  server.get('/api/traces/:id', { schema: oneSchema }, async ({ params, url }, reply) => {
    const trace_id = params.id.toLowerCase();
    const found = tracing.trace(trace_id);
    if (found !== null) return { trace_id, ...found };
    const detail =
      'Nothing of this trace is remembered: it was never made here (an application writes ids of its own), or has made room for newer ones (tracing.store.memory).';
    return reply
      .code(404)
      .type(PROBLEM_TYPE)
      .send(problem(404, detail, url));
  });
}

/** Milliseconds since 1970. */
function pointInTime(now: () => number) {
  return z.string().transform((text, context) => {
    const ago = parseDuration(text);
    if (ago !== undefined) return now() - ago;
    const at = ISO_TIME.test(text) ? Date.parse(text) : Number.NaN;
    if (!Number.isNaN(at)) return at;
    context.addIssue({
      code: 'custom',
      message:
        'expected a time such as 2026-11-20T10:00:00Z (with + written as %2B), or how long ago, such as 5m',
      input: text,
    });
    return z.NEVER;
  });
}
