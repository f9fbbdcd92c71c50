/** The answer of `GET /api/where`, described for clients. */
import { z } from 'zod';

export const VERDICTS = [
  'delivered',
  'in_flight',
  'not_read_yet',
  'filtered',
  'dead_lettered',
  'dropped',
  'unknown',
] as const;

export const BASES = [
  'seen',
  'committed',
  'forgotten',
  'uncertain',
  'not_tailed',
  'not_found',
  'skipped',
  'not_read',
  'no_trace',
] as const;

const time = z.string().describe('ISO 8601.');

const sink = z.object({
  id: z.string(),
  state: z.enum(['delivered', 'waiting', 'sending', 'retrying', 'buffered', 'dead_lettered', 'dropped']),
  at: time.optional(),
  took_ms: z.number().optional().describe('From reading until this sink was done with it, or until now.'),
  attempts: z.number(),
  reason: z.string().optional().describe('Why it was refused, or why it has to wait: a short stable word.'),
  message: z.string().optional(),
  next_try_in_seconds: z.number().optional(),
});

const stage = z.object({
  name: z.enum(['read', 'queued', 'processed', 'done']),
  at: time.describe('When the stage was over, in ISO 8601.'),
  until: time
    .optional()
    .describe('It was over between `at` and then: lines that went alike are remembered together.'),
  took_ms: z.number().optional().describe('Since the stage before.'),
});

const deadLetter = z.object({
  sink: z.string(),
  file: z.string().describe('Where the original bytes are kept.'),
  line: z.number(),
  reason: z.string(),
  message: z.string(),
  sent_again: z.literal(true).optional().describe('It was sent again, and its sink took it.'),
});

const line = z.object({
  verdict: z.enum(VERDICTS),
  basis: z
    .enum(BASES)
    .describe(
      'How the verdict was found. seen: this run saw the line pass; committed: every sink was done with it before this run; forgotten: the same in this run, without details; uncertain: some logs of its batch went another way; the others say why nothing is known.',
    ),
  explanation: z.string().describe('For people.'),
  source: z.string().optional().describe('Configured source.'),
  source_id: z.string().optional().describe('Stream, such as the path the file was found under.'),
  file: z.string().optional().describe('Where the file is now.'),
  file_id: z.string().optional().describe('What identifies the file whatever its name: device:inode.'),
  line: z.number().optional().describe('From 1.'),
  offset: z.number().optional().describe('Of the first byte.'),
  record_uid: z.string().optional().describe('log.record.uid of its spans.'),
  trace_id: z.string().optional().describe('Of its log trace, if it was traced.'),
  batch: z.number().optional(),
  sinks: z.array(sink).readonly(),
  stages: z.array(stage).readonly(),
  ahead: z
    .object({ bytes: z.number(), seconds: z.number().optional() })
    .optional()
    .describe('Of a line that is not read yet: bytes before it, and seconds at the present rate.'),
  filtered_by: z.string().optional(),
  dead_letters: z.array(deadLetter).readonly().optional(),
});

export const whereSchema = line.extend({
  matches: z.number().describe('Lines found that the question fits, this one included.'),
  complete: z.boolean().describe('There are no more than these.'),
  others: z.array(line).readonly().describe('The other lines, the last one of a file first.'),
});

export type WhereResult = z.output<typeof whereSchema>;
