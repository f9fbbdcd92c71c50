/**
 * What an on-demand rule may say: the body of `POST /api/tracing/enable`, and what the rules file holds. Used by the
 * API, which answers with the field and the sentence of what is wrong, and by `OnDemandRules`.
 */
import { z } from 'zod';
import { duration } from '../../component/units.ts';
import { SourcePattern } from '../decision/source-pattern.ts';
import { LinearPattern } from './on-demand-where.ts';

/** Least severities a rule may ask for. */
export const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const;

/** An issue with the sentence of what `attempt` throws. */
function check(attempt: (text: string) => unknown) {
  return (text: string, context: z.core.$RefinementCtx<string>) => {
    try {
      attempt(text);
    } catch (error) {
      context.addIssue({ code: 'custom', message: (error as Error).message, input: text });
    }
  };
}

const where = z
  .strictObject({
    level: z.enum(LEVELS).optional().describe('Only logs of this level or a worse one.'),
    contains: z.string().min(1).max(256).optional().describe('Only logs that contain this text.'),
    matches: z
      .string()
      .min(1)
      .max(256)
      .superRefine(check((text) => new LinearPattern(text)))
      .optional()
      .describe(
        'Only logs that match this regular expression. Backreferences and lookahead are not accepted, because they can take any time.',
      ),
  })
  .refine((value) => Object.values(value).some((part) => part !== undefined), {
    error: 'expected at least one of level, contains and matches',
  });

/** Both are shown on terminals and in the audit trail. */
const PRINTABLE = /^\P{Cc}*$/u;
const printableError = 'expected text without control characters';

const rateError = 'expected a number from 0 (mute) to 1 (every log)';

export const ruleRequestSchema = z.strictObject({
  source_id: z
    .string({ error: 'expected the id of a source: a path, a container, a configured source, or a glob' })
    .regex(/\S/, {
      error: 'expected the id of a source: a path, a container, a configured source, or a glob',
    })
    .max(1024, { error: 'expected at most 1024 characters' })
    .regex(PRINTABLE, { error: printableError })
    .superRefine(check((text) => new SourcePattern(text)))
    .describe(
      'What to trace: the path of a file, the id or name of a container, the id of a configured source, or a glob.',
    ),
  rate: z
    .number({ error: rateError })
    .min(0, { error: rateError })
    .max(1, { error: rateError })
    .default(1)
    .describe('Share of its logs that are traced; 0 mutes it.'),
  duration: duration({ min: '1m', max: '24h' })
    .optional()
    .describe('How long, 1m to 24h. Default: tracing.on_demand.default_duration.'),
  where: where.optional().describe('Which of its logs; the others are not traced.'),
  max_traces: z.int().min(1).max(1_000_000_000).optional().describe('Ends the rule after this many traces.'),
  note: z
    .string()
    .min(1)
    .max(256)
    .regex(PRINTABLE, { error: printableError })
    .optional()
    .describe('Why, such as a ticket: put on the spans and in the audit line.'),
});

/** As validated: the duration is milliseconds. */
export type RuleRequest = z.output<typeof ruleRequestSchema>;
export type Where = z.output<typeof where>;
