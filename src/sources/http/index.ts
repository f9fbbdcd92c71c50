/** The http source: what the registry lists. */
import type { SourceSpec } from '../../component/source.ts';
import { HttpSource } from './http-source.ts';
import { schema } from './schema.ts';

export const httpSource: SourceSpec<'http', typeof schema> = {
  type: 'http',
  summary:
    'Takes logs over HTTP (POST /logs: text, NDJSON, JSON arrays; compressed or not) and answers when they are delivered.',
  schema,
  rereadable: false,
  build: (config, context) => new HttpSource(config, context),
};
