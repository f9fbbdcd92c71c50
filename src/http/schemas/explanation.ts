/** The answer of `POST /api/tracing/explain`, described for clients. Tracing makes it. */
import { z } from 'zod';
import { REASONS } from './traces.ts';
import { modeSchema } from './tracing-status.ts';

const step = z.object({
  step: z.enum([
    'exclude',
    'mode',
    'on_demand',
    'incoming_context',
    'adaptive',
    'base_rate',
    'max_overhead',
    'tail',
  ]),
  outcome: z
    .enum(['decides', 'passes', 'not_reached', 'adjusts', 'adds'])
    .describe(
      'decides: this settles it; passes: it has no say; not_reached: a step above decided; adjusts: changes the rate; adds: may trace more afterwards.',
    ),
  detail: z.string().describe('Why, in words.'),
});

const decision = z.object({
  streams: z.number().describe('How many streams it is about; 0: this would hold for the first one.'),
  examples: z.array(z.string()).readonly().describe('Some of them.'),
  rate: z.number().describe('Share of their logs that is traced, 0 to 1.'),
  reason: z.enum(REASONS).optional().describe('Absent when nothing is traced.'),
  steps: z.array(step).readonly().describe('Highest first.'),
});

const cost = z
  .object({
    rule: z.object({ rate: z.number(), duration_seconds: z.number() }),
    logs_per_second: z.number().describe('Of the streams named, over the last 10 to 20 seconds.'),
    traces_per_second: z.number(),
    spans_per_second: z.number(),
    bytes_per_second: z
      .number()
      .describe(
        'Of encoded spans as they are remembered: compressed, unless an exporter wants them as they are.',
      ),
    cpu_share: z.number().describe('Of one core; sending the spans is not in it.'),
    span: z.object({
      per_log: z.number(),
      bytes: z.number(),
      bytes_measured: z.boolean().describe('false: a reference figure, for too little was traced here.'),
      cpu_ns: z.number(),
      cpu_measured: z.boolean(),
    }),
    total: z
      .object({
        seconds: z.number(),
        spans: z.number(),
        bytes: z.number(),
        store_bytes: z.number().describe('tracing.store.memory.'),
        fits_store: z.boolean().describe('Whether the store can remember all of them at once.'),
        store_seconds: z
          .number()
          .optional()
          .describe('How far back the store would reach; absent when nothing is traced.'),
      })
      .describe('Over the whole duration of the rule.'),
  })
  .describe('What the rule would cost at the present rate of logs.');

export const explanationSchema = z.object({
  source_id: z.string(),
  mode: modeSchema,
  streams: z.number().describe('How many streams (files, containers, connections) it names now.'),
  decisions: z.array(decision).readonly().describe('One for all streams about which the same is decided.'),
  cost,
  notes: z.array(z.string()).readonly().describe('What to know when reading the rest.'),
});

export type Explanation = Readonly<z.output<typeof explanationSchema>>;
