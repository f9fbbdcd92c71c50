/** What may be asked of `POST /api/tracing/explain`. Used by the API; the answer is made by explain.ts. */
import { z } from 'zod';
import { ruleRequestSchema } from '../on-demand/on-demand-request.ts';

/** Longest sample, in characters: lines are split at 64 KiB by default. */
const MAX_SAMPLE = 65_536;

const { source_id, rate, duration, where } = ruleRequestSchema.shape;

export const explainRequestSchema = z.strictObject({
  source_id: source_id.describe('What to explain: a path, a container, a configured source, or a glob.'),
  sample: z
    .string({ error: 'expected a line of the log, as text' })
    .max(MAX_SAMPLE, { error: `expected at most ${MAX_SAMPLE} characters` })
    .optional()
    .describe('A line of the log, to see what its trace context and the `where` of a rule make of it.'),
  rule: z
    .strictObject({ rate, duration, where })
    .optional()
    .describe(
      'A rule that is not in force, whose cost is worked out. Default: every log, for the default duration.',
    ),
});

/** As validated: the duration is milliseconds. */
export type ExplainRequest = z.output<typeof explainRequestSchema>;
