/** `GET /api/openapi.json`: this API, described for generators of clients. */
import { z } from 'zod';
import type { AgentStatus } from '../../component/status.ts';
import type { OpenApi } from '../openapi.ts';
import type { Server } from '../server-type.ts';

const schema = {
  summary: 'This API as an OpenAPI 3.1 document.',
  tags: ['status'],
  response: { 200: z.looseObject({ openapi: z.string() }) },
};

export function openApiRoute(
  server: Server,
  { openApi, status }: { openApi: OpenApi; status: () => AgentStatus },
): void {
  let text: string | undefined;
  server.get('/api/openapi.json', { schema }, async (_request, reply) => {
    text ??= JSON.stringify(openApi.document(status().version));
    // Written once: a text is sent as it is.
    return reply
      .type('application/json')
      .serializer(String)
      .send(text as never);
  });
}
