/** `GET /api/status`: what the agent does and where every record is. For people, the console and scripts. */
import { z } from 'zod';
import type { AgentStatus } from '../../component/status.ts';
import { deadLettersSchema } from '../schemas/dead-letters.ts';
import { configStatusSchema } from '../schemas/reload.ts';
import type { Server } from '../server-type.ts';

/** Not restricted: a count gone wrong must be seen here, not fail the whole answer. */
const count = z.number();
const details = z
  .record(z.string(), z.union([z.number(), z.string()]))
  .optional()
  .describe('Counters and facts that only this type of component has.');

const ledger = z
  .object({
    read: count,
    read_bytes: count,
    delivered: count,
    filtered: count,
    dead_lettered: count,
    dropped: z.record(z.string(), count).describe('Records given up, by reason.'),
    in_flight: count,
    buffered: count.optional().describe('Of a source: those in flight that are in disk buffers of sinks.'),
    balanced: z.boolean(),
  })
  .describe(
    'read = delivered + filtered + dead_lettered + dropped + in_flight; `balanced` says whether it is so.',
  );

const source = z.object({
  id: z.string(),
  type: z.string(),
  state: z.enum(['idle', 'running', 'waiting', 'done', 'stopped']),
  streams: z
    .array(
      z.object({
        id: z.string(),
        position: z.number().describe('Read up to here, in bytes.'),
        committed: z
          .number()
          .describe('Acknowledged by every sink up to here, in bytes. Stored at most once a second.'),
        size: z.number().describe('Bytes known to exist.'),
        lag_bytes: z.number().describe('Bytes known to exist that have not been read.'),
      }),
    )
    .readonly(),
  details,
  processors: z
    .array(
      z.object({
        type: z.string(),
        label: z.string().optional(),
        details: z.record(z.string(), z.number()).optional(),
      }),
    )
    .readonly()
    .describe('In the order in which they work, with counters that only this type has.'),
  ledger,
});

const buffer = z
  .object({
    bytes: count.describe('Of its files.'),
    max_bytes: count,
    files: count,
    records: count.describe('In it, or read back and not delivered yet.'),
    oldest_seconds: z.number().describe('Since the oldest of them was read; 0 when there is none.'),
    full: z.boolean().describe('Logs wait in memory because there is no room.'),
    damaged_places: count.describe('Damage found in its files since the start.'),
    damaged_bytes: count,
    damaged_records: count.describe('Those that are known.'),
  })
  .optional()
  .describe('The buffer on disk, where the sink has one.');

const sink = z.object({
  id: z.string(),
  type: z.string(),
  state: z
    .enum(['ok', 'retrying', 'stopped'])
    .describe('`retrying`: the last attempt failed and another will follow.'),
  breaker: z.object({
    state: z
      .enum(['closed', 'open', 'half_open'])
      .describe('`open`: nothing is sent until a pause is over; `half_open`: one batch tries.'),
    since: z.string().describe('ISO 8601.'),
    opened: count.describe('How often the sink failed after it had worked.'),
    next_try_in_seconds: z.number().optional().describe('Only when open.'),
  }),
  queued_batches: count,
  sending_batches: count,
  attempts: count,
  retries: count,
  last_error: z
    .object({ message: z.string(), reason: z.string(), at: z.string().describe('ISO 8601.') })
    .optional(),
  oldest_unacknowledged_seconds: z.number(),
  details,
  buffer,
  ledger,
});

export const statusSchema = z.object({
  version: z.string(),
  state: z.enum(['starting', 'running', 'draining', 'stopped']),
  started_at: z.string().describe('ISO 8601.'),
  uptime_seconds: z.number(),
  config_file: z.string(),
  config: configStatusSchema,
  sources: z.array(source).readonly(),
  sinks: z.array(sink).readonly(),
  dead_letters: deadLettersSchema,
  dispatcher: z.object({
    memory_bytes: count,
    slots: count,
    slots_free: count,
    batches: count,
    batches_in_flight: count,
    records_in_flight: count,
    bytes_in_flight: count,
    records_done: count,
    bytes_done: count,
  }),
});

const schema = {
  summary: 'What the agent does, and where every record is.',
  tags: ['status'],
  response: { 200: statusSchema },
};

export function statusRoute(server: Server, { status }: { status: () => AgentStatus }): void {
  server.get('/api/status', { schema, config: { traced: 'joined' } }, async () => status());
}
