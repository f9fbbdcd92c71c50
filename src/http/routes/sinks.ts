/** `GET /api/sinks` and `/api/sinks/{id}`: where logs go, whether they arrive, and what became of those that did not. */
import { z } from 'zod';
import type { AgentStatus } from '../../component/status.ts';
import { PROBLEM_TYPE, problem, problemSchema } from '../problem.ts';
import type { Server } from '../server-type.ts';
import { statusSchema } from './status.ts';

const sink = statusSchema.shape.sinks.unwrap().element;

export function sinksRoutes(server: Server, { status }: { status: () => AgentStatus }): void {
  server.get(
    '/api/sinks',
    {
      schema: {
        summary: 'Every sink: whether it accepts what it is given, and what it has delivered.',
        tags: ['status'],
        response: { 200: z.object({ sinks: z.array(sink).readonly() }) },
      },
    },
    async () => ({ sinks: status().sinks }),
  );

  server.get(
    '/api/sinks/:id',
    {
      schema: {
        summary: 'One sink.',
        tags: ['status'],
        params: z.object({ id: z.string() }),
        response: { 200: sink, 404: problemSchema },
      },
    },
    async ({ params, url }, reply) => {
      const { sinks } = status();
      const found = sinks.find(({ id }) => id === params.id);
      if (found !== undefined) return found;
      const known = sinks.map(({ id }) => id).join(', ');
      return reply
        .code(404)
        .type(PROBLEM_TYPE)
        .send(problem(404, `No sink has this id; configured are ${known}.`, url));
    },
  );
}
