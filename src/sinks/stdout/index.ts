import { z } from 'zod';
import type { SinkSpec } from '../../component/sink.ts';
import { StdoutSink } from './stdout-sink.ts';

const schema = z.strictObject({
  format: z
    .enum(['raw', 'json'])
    .default('raw')
    .describe(
      'raw: the lines exactly as read. json: one JSON object a line, with source, time, level and fields.',
    ),
});

export const stdoutSink: SinkSpec<'stdout', typeof schema> = {
  type: 'stdout',
  summary: 'Writes records to the standard output of the agent.',
  schema,
  build: (config, context) => new StdoutSink(config, context),
};
