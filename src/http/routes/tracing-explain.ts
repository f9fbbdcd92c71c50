/**
 * `POST /api/tracing/explain`: what would be decided about the logs of a source and why, and what a rule for it would
 * cost. Changes nothing, so reading is enough. The sample is looked at and not kept.
 */
import type { AgentStatus } from '../../component/status.ts';
import { namesOf } from '../names.ts';
import { problemSchema } from '../problem.ts';
import { explanationSchema } from '../schemas/explanation.ts';
import type { Server } from '../server-type.ts';
import type { TracingApi } from '../tracing-api.ts';

/** A sample of 64 Ki characters may take six bytes each in JSON (`\u0000`). */
const BODY_BYTES = 512 << 10;

interface Options {
  readonly tracing: TracingApi;
  readonly status: () => AgentStatus;
}

export function tracingExplainRoute(server: Server, { tracing, status }: Options): void {
  const schema = {
    summary: 'What would be decided about the logs of a source, and what a rule would cost.',
    description:
      'Each step of the decision with its outcome, for every kind of stream that `source_id` names; with a `sample`, for that log. Changes nothing.',
    tags: ['tracing'],
    body: tracing.explainSchema,
    response: { 200: explanationSchema, 400: problemSchema },
  };
  server.post(
    '/api/tracing/explain',
    { bodyLimit: BODY_BYTES, schema, config: { access: 'read' } },
    async ({ body }) => tracing.explain(body, namesOf(status())),
  );
}
