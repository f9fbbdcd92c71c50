/**
 * `GET /api/dead-letters`: how many there are. `POST /api/dead-letters/replay` sends them again, `DELETE` stops that.
 * Letters themselves are not shown: they are logs, and lie in files of the agent's host.
 */
import type { z } from 'zod';
import type { DeadLettersStatus, ReplayStatus } from '../../component/status.ts';
import { problemSchema, Refusal } from '../problem.ts';
import { deadLettersSchema, replayRequestSchema, replaySchema } from '../schemas/dead-letters.ts';
import type { Server } from '../server-type.ts';

export interface DeadLettersApi {
  status(): DeadLettersStatus;
  hasSink(id: string): boolean;
  /** Undefined while another replay is under way, or when the agent is stopping. */
  startReplay(request: z.output<typeof replayRequestSchema>): ReplayStatus | undefined;
  /** Whether there was one to cancel. */
  cancelReplay(): boolean;
}

const tags = ['dead letters'];

export function deadLettersRoutes(server: Server, { deadLetters }: { deadLetters: DeadLettersApi }): void {
  const summary = 'How many dead letters there are, and how sending them again goes.';
  server.get(
    '/api/dead-letters',
    { schema: { summary, tags, response: { 200: deadLettersSchema } } },
    async () => deadLetters.status(),
  );

  server.post(
    '/api/dead-letters/replay',
    {
      bodyLimit: 4096,
      schema: {
        summary: 'Sends dead letters again.',
        description:
          'Begins, and answers at once; GET /api/dead-letters says how it goes. What the sink takes is not a dead letter any more, what it refuses once more stays.',
        tags,
        body: replayRequestSchema.nullish(),
        response: { 202: replaySchema, 400: problemSchema, 409: problemSchema },
      },
    },
    async (request, reply) => {
      const asked = request.body ?? {};
      const target = asked.to ?? asked.sink;
      if (target !== undefined && !deadLetters.hasSink(target)) {
        const advice = asked.to === undefined ? '; name another one with `to`' : '';
        throw new Refusal(400, `There is no sink ${target}${advice}.`);
      }
      const started = deadLetters.startReplay(asked);
      if (started === undefined) throw new Refusal(409, 'Dead letters are being sent again already.');
      request.audit({ action: 'dead_letters.replay', target: target ?? 'all sinks', after: asked });
      return reply.code(202).send(started);
    },
  );

  server.delete(
    '/api/dead-letters/replay',
    {
      schema: {
        summary: 'Stops sending dead letters again, after the batch that is under way.',
        tags,
        response: { 202: deadLettersSchema, 409: problemSchema },
      },
    },
    async (request, reply) => {
      if (!deadLetters.cancelReplay()) throw new Refusal(409, 'No dead letters are being sent again.');
      request.audit({ action: 'dead_letters.replay.cancel', target: 'dead letters' });
      return reply.code(202).send(deadLetters.status());
    },
  );
}
