/** The answers of `GET /api/traces` and `GET /api/traces/{id}`, described for clients. Types are taken from here. */
import { z } from 'zod';

export const REASONS = [
  'mode',
  'on_demand',
  'parent',
  'adaptive',
  'base_rate',
  'tail_slow',
  'tail_failed',
] as const;
export const OUTCOMES = ['delivered', 'filtered', 'buffered', 'dead_lettered', 'dropped'] as const;
export const TYPES = ['log', 'system'] as const;

const traceId = z.string().describe('32 hexadecimal digits.');
const spanId = z.string().describe('16 hexadecimal digits.');
const time = z.string().describe('ISO 8601, to the microsecond.');
const attributes = z
  .record(z.string(), z.unknown())
  .readonly()
  .describe('Integers beyond 2^53 are text, bytes are base64.');

const status = z.object({
  code: z.enum(['unset', 'ok', 'error']),
  message: z.string().optional().describe('Why it failed.'),
});

const summary = z.object({
  trace_id: traceId,
  type: z.enum(TYPES).describe('log: of one log; system: of one batch, or of one request to the API.'),
  started_at: time,
  duration_ms: z.number(),
  span_count: z.number(),
  status,
  source_id: z.string().optional().describe('Stream the log came from, such as a path.'),
  source: z.string().optional().describe('Configured source it belongs to.'),
  reason: z.enum(REASONS).optional().describe('Why the log was traced.'),
  outcome: z.enum(OUTCOMES).optional().describe('How the log ended.'),
});

const span = z.object({
  trace_id: traceId,
  span_id: spanId,
  parent_span_id: spanId.nullable(),
  trace_state: z.string().optional(),
  name: z.string(),
  kind: z.enum(['unspecified', 'internal', 'server', 'client', 'producer', 'consumer']),
  started_at: time,
  ended_at: time,
  duration_ms: z.number(),
  status,
  attributes,
  events: z.array(z.object({ at: time, name: z.string(), attributes })).readonly(),
  links: z.array(z.object({ trace_id: traceId, span_id: spanId, attributes })).readonly(),
  dropped_links: z.number().optional().describe('Links that found no room on the span.'),
});

const trace = summary.extend({ spans: z.array(span).readonly().describe('The root first.') });

export const traceListSchema = z.object({
  traces: z.array(summary).readonly().describe('The newest first.'),
  incomplete: z
    .boolean()
    .describe('Too much had to be looked through: there may be more. Narrow the question to see the rest.'),
});

export const traceSchema = z.object({
  trace_id: traceId,
  traces: z
    .array(trace)
    .readonly()
    .describe('What is known of this id; several logs of one request may share it.'),
  linked: z.array(trace).readonly().describe('The batches that these logs were in.'),
});

export type TraceList = Readonly<z.output<typeof traceListSchema>>;
export type Trace = Readonly<z.output<typeof traceSchema>>;
