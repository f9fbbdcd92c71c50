/** `GET /metrics`: every metric, in the text format that the `Accept` header asks for. */
import type { Server } from '../server.ts';

/** Writes metrics as text; `Exposition` in src/metrics is one. */
export interface MetricsText {
  render(accept?: string): Promise<{ readonly contentType: string; readonly body: string }>;
}

export function metricsRoute(server: Server, { metrics }: { metrics: MetricsText }): void {
  server.get('/metrics', async (request, reply) => {
    const { contentType, body } = await metrics.render(request.headers.accept);
    return reply.header('content-type', contentType).header('vary', 'accept').send(body);
  });
}
