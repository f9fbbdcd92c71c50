/** `GET /api/whoami`: whom the agent takes the client for, and what it may do. For the console and for people with tokens. */
import { z } from 'zod';
import type { Server } from '../server-type.ts';

const schema = {
  summary: 'Whom the agent takes the client for, and what it may do.',
  tags: ['security'],
  response: {
    200: z.object({
      name: z.string().describe('Of the token or the certificate; anonymous without authentication.'),
      role: z.enum(['read', 'control']).describe('read: may look; control: may also change.'),
      via: z.enum(['token', 'certificate', 'none']),
      auth: z.boolean().describe('Whether the agent asks who its clients are.'),
    }),
  },
};

export function whoamiRoute(server: Server): void {
  server.get('/api/whoami', { schema }, async ({ identity }) => {
    const { name, role, via } = identity!;
    return { name, role, via, auth: via !== 'none' };
  });
}
