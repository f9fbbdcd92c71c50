/** How a reload of the configuration went, as the API shows it. */
import { z } from 'zod';

export const reloadResultSchema = z.object({
  result: z
    .enum(['applied', 'unchanged', 'refused'])
    .describe('`unchanged`: nothing to apply. `refused`: everything is as it was.'),
  trigger: z.enum(['api', 'signal', 'watch']),
  at: z.string().describe('When it was over, ISO 8601.'),
  changes: z
    .array(
      z.object({
        path: z.string().describe('Such as sources.nginx or tracing.mode.'),
        action: z
          .enum(['added', 'removed', 'replaced', 'updated', 'restart_required'])
          .describe('`restart_required`: the old value holds until the agent is started anew.'),
      }),
    )
    .readonly(),
  problems: z
    .array(z.string())
    .readonly()
    .optional()
    .describe('Why it was refused: `FILE:LINE:COLUMN: key: message` where that is known.'),
  took_ms: z.number(),
});

export const configStatusSchema = z.object({
  file: z.string(),
  loaded_at: z.string().describe('When it was read, ISO 8601.'),
  last_reload: reloadResultSchema.optional(),
  reloads: z
    .object({ applied: z.number(), unchanged: z.number(), refused: z.number() })
    .describe('How many, by result.'),
});
