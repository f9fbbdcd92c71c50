/** `GET /api/audit`: the last changes made through the API, and by whom. */
import { z } from 'zod';
import type { AuditTrail } from '../audit.ts';
import type { Server } from '../server-type.ts';

const schema = {
  summary: 'The last 200 changes made through the API since the start, the newest first.',
  tags: ['security'],
  response: {
    200: z.object({
      changes: z
        .array(
          z.object({
            at: z.string().describe('ISO 8601.'),
            who: z
              .string()
              .describe('Name of the token or the certificate; anonymous without authentication.'),
            role: z.enum(['read', 'control']),
            via: z.enum(['token', 'certificate', 'none']),
            from: z.string().describe('Address of the client.'),
            action: z.string().describe('Such as tracing.enable.'),
            target: z.string().describe('What was changed.'),
            before: z.unknown().optional(),
            after: z.unknown().optional(),
            note: z.string().optional(),
          }),
        )
        .readonly(),
    }),
  },
};

export function auditRoute(server: Server, { trail }: { trail: AuditTrail }): void {
  server.get('/api/audit', { schema }, async () => ({ changes: trail.entries }));
}
