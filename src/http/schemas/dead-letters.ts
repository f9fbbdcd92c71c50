/** What the API says of dead letters and of sending them again. */
import { z } from 'zod';

const count = z.number();

export const replayRequestSchema = z.strictObject({
  sink: z.string().min(1).max(64).optional().describe('Only letters that this sink refused.'),
  source: z.string().min(1).max(64).optional().describe('Only letters of this source.'),
  reason: z.string().min(1).max(64).optional().describe('Only letters refused for this reason.'),
  to: z
    .string()
    .min(1)
    .max(64)
    .optional()
    .describe('Id of the sink that gets them; without it, the one that refused them.'),
});

export const replaySchema = z.object({
  state: z
    .enum(['running', 'cancelling', 'cancelled', 'done', 'failed'])
    .describe('`cancelling`: what is under way is waited for.'),
  request: replayRequestSchema,
  started_at: z.string().describe('ISO 8601.'),
  finished_at: z.string().optional(),
  error: z.string().optional().describe('Only when it failed.'),
  sent: count.describe('Letters that the sink took.'),
  refused: count.describe('Letters that it refused once more; they stay.'),
  left_aside: count.describe('Letters that are damaged, or larger than a batch; they stay.'),
  bytes_done: count.describe('Of the files that are looked through.'),
  bytes_total: count,
});

export const deadLettersSchema = z.object({
  enabled: z.boolean().describe('Whether what sinks refuse is kept; else it is dropped.'),
  records: count.describe('Letters that were not sent again yet, of earlier runs too.'),
  by_sink: z.record(z.string(), count),
  bytes: count,
  max_bytes: count,
  files: count,
  written: count.describe('Since the agent started.'),
  evicted: count.describe('Deleted unsent to make room, since the agent started.'),
  replay: replaySchema.optional().describe('Sending them again: the run under way, or the last one.'),
});
