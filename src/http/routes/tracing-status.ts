/** `GET /api/tracing/status`: mode, rates, counts, rules, exporters. Always answers, in every mode. */
import { tracingStatusSchema } from '../schemas/tracing-status.ts';
import type { Server } from '../server-type.ts';
import type { TracingApi } from '../tracing-api.ts';

const schema = {
  summary: 'Mode, rates, counts, rules and exporters, in every mode.',
  tags: ['tracing'],
  response: { 200: tracingStatusSchema },
};

export function tracingStatusRoute(server: Server, { tracing }: { tracing: TracingApi }): void {
  server.get('/api/tracing/status', { schema, config: { traced: 'joined' } }, async () => tracing.status());
}
