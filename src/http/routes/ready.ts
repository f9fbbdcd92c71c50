/** `GET /ready`: logs can flow: the agent is running and at least one sink accepts what it is given. 503 otherwise. */
import { z } from 'zod';
import type { AgentStatus } from '../../component/status.ts';
import type { Server } from '../server-type.ts';

const schema = {
  summary: 'Whether logs can flow: the agent runs and at least one sink accepts what it is given.',
  tags: ['health'],
  response: {
    200: z.object({ status: z.literal('ready') }),
    503: z.object({
      status: z.literal('not_ready'),
      reasons: z.array(z.string()).describe('Why logs cannot flow, one sentence each.'),
    }),
  },
};

export function readyRoute(server: Server, { status }: { status: () => AgentStatus }): void {
  server.get('/ready', { schema, config: { access: 'public', traced: false } }, async (_request, reply) => {
    const reasons = reasonsAgainst(status());
    if (reasons.length === 0) return { status: 'ready' as const };
    return reply.code(503).send({ status: 'not_ready' as const, reasons });
  });
}

/** Why the agent cannot carry logs; empty when it can. */
export function reasonsAgainst({ state, sinks }: AgentStatus): string[] {
  const reasons = state === 'running' ? [] : [`the agent is ${state}`];
  if (sinks.some((sink) => sink.state === 'ok')) return reasons;
  const failing = sinks.map(({ id, state: sinkState, last_error }) =>
    last_error === undefined
      ? `sink ${id} is ${sinkState}`
      : `sink ${id} is ${sinkState}: ${last_error.reason}`,
  );
  return [...reasons, ...failing];
}
