import type { z } from 'zod';
import type { SinkSpec } from '../../component/sink.ts';
import { LokiSink } from './loki-sink.ts';
import { lokiSchema } from './schema.ts';

/** Sends records to Grafana Loki, or anything that serves its push API. */
export const lokiSink: SinkSpec<'loki', typeof lokiSchema> = {
  type: 'loki',
  summary: 'Sends records to Grafana Loki through its push API, as protobuf with snappy or as JSON.',
  schema: lokiSchema,
  build: (config: z.output<typeof lokiSchema>, context) => new LokiSink(config, context),
};
