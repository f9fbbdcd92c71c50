/** The file source: what the registry lists. */
import type { SourceSpec } from '../../component/source.ts';
import { FileSource } from './file-source.ts';
import { schema } from './schema.ts';

export const fileSource: SourceSpec<'file', typeof schema> = {
  type: 'file',
  summary:
    'Tails files: finds them by patterns, follows them through rotation and truncation, and continues where it stopped after a restart.',
  schema,
  rereadable: true,
  build: (config, context) => new FileSource(config, context),
};
