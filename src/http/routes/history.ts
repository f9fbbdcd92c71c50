/** `GET /api/history`: the last hour in numbers, for charts that were not open all the time. */
import { z } from 'zod';
import type { Server } from '../server-type.ts';

const column = z.array(z.number().nullable()).readonly().describe('One value a step; null: no reading.');
const columns = z.record(z.string(), column).readonly();

export const historySchema = z.object({
  step_seconds: z.number(),
  times: z
    .array(z.number())
    .readonly()
    .describe('Ends of the steps in milliseconds since 1970, the oldest first.'),
  agent: columns.describe('logs_per_second, bytes_per_second, traced_per_second, in_flight, slots_free.'),
  sources: z
    .record(z.string(), columns)
    .readonly()
    .describe('By id: logs_per_second, bytes_per_second (read), in_flight, lag_bytes, p50_ms, p99_ms.'),
  sinks: z
    .record(z.string(), columns)
    .readonly()
    .describe('By id: logs_per_second (delivered), errors_per_second, in_flight, p50_ms, p99_ms.'),
});

/** What the route needs of the agent; `LiveHistory` in src/live is one. */
export interface HistoryApi {
  history(resolution: 'fine' | 'coarse'): z.output<typeof historySchema>;
}

const schema = {
  summary: 'The last hour in numbers: rates, lag, latencies and errors of every source and sink.',
  tags: ['events'],
  querystring: z.strictObject({
    range: z.enum(['5m', '1h']).default('1h').describe('5m: second by second; 1h: in steps of ten seconds.'),
  }),
  response: { 200: historySchema },
};

export function historyRoute(server: Server, { history }: { history: HistoryApi }): void {
  server.get('/api/history', { schema, config: { traced: 'joined' } }, async ({ query }) =>
    history.history(query.range === '5m' ? 'fine' : 'coarse'),
  );
}
