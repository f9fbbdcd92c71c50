/** `GET /health`: the process works. Says nothing about sources and sinks: that is `/ready` and `/api/status`. */
import { z } from 'zod';
import type { AgentStatus } from '../../component/status.ts';
import type { Server } from '../server-type.ts';

const schema = {
  summary: 'Whether the process works. Says nothing about sources and sinks.',
  tags: ['health'],
  response: {
    200: z.object({
      status: z.literal('ok'),
      version: z.string(),
      uptime_seconds: z.number().describe('Seconds since the agent was started.'),
    }),
  },
};

export function healthRoute(server: Server, { status }: { status: () => AgentStatus }): void {
  server.get('/health', { schema, config: { access: 'public', traced: false } }, async () => {
    const { version, uptime_seconds } = status();
    return { status: 'ok' as const, version, uptime_seconds };
  });
}
