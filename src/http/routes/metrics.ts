/** `GET /metrics`: every metric, in the text format that the `Accept` header asks for. */
import { z } from 'zod';
import type { Server } from '../server-type.ts';

/** Writes metrics as text; `Exposition` in src/metrics is one. */
export interface MetricsText {
  render(accept?: string): Promise<{ readonly contentType: string; readonly body: string }>;
}

const schema = {
  summary: 'Every metric, for Prometheus.',
  description:
    'Text format 0.0.4, or OpenMetrics 1.0.0 when the `Accept` header prefers it. See [Metrics](metrics.md).',
  tags: ['health'],
  produces: ['text/plain', 'application/openmetrics-text'],
  response: { 200: z.string() },
};

export function metricsRoute(server: Server, { metrics }: { metrics: MetricsText }): void {
  server.get('/metrics', { schema, config: { traced: false } }, async (request, reply) => {
    const { contentType, body } = await metrics.render(request.headers.accept);
    return reply.header('content-type', contentType).header('vary', 'accept').send(body);
  });
}
