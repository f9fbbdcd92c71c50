import { z } from 'zod';
import type { SinkSpec } from '../../component/sink.ts';
import { templateText } from '../../component/template.ts';
import { byteSize, duration } from '../../component/units.ts';
import { FileSink } from './file-sink.ts';
import { PATH_PLACEHOLDERS } from './output-path.ts';

const rotate = z.strictObject({
  max_bytes: byteSize({ min: '1KiB' })
    .prefault('100MiB')
    .describe(
      'A file that would grow beyond this is set aside first. One batch larger than this is not divided.',
    ),
  interval: duration({ min: '1s' })
    .optional()
    .describe(
      'Also sets files aside when the UTC clock passes a multiple of this: 1h at every full hour. Off by default.',
    ),
  keep: z
    .int()
    .min(1)
    .max(10_000)
    .default(5)
    .describe('How many files set aside are kept for each path; the oldest are deleted.'),
  gzip: z.boolean().default(true).describe('Compresses files set aside, in the background.'),
});

const schema = z.strictObject({
  path: templateText(PATH_PLACEHOLDERS)
    .refine((path) => path !== '' && !path.endsWith('/'), { error: 'expected the path of a file' })
    .describe(
      'Where lines are written: a path in which {source}, {file} (last part of the path read from), {date} (UTC day it ' +
        'was read) and {label.NAME} are replaced. Folders are created; names too long for a file system are shortened, with a ' +
        'hash. One agent writes a path.',
    ),
  format: z
    .enum(['raw', 'json'])
    .default('raw')
    .describe(
      'raw: the lines exactly as read. json: one JSON object a line, with source, time, level and fields.',
    ),
  rotate: rotate.prefault({}).describe('When files are set aside, and what happens to them.'),
  fsync: z
    .enum(['never', 'on_rotate', 'always'])
    .default('on_rotate')
    .describe(
      'When data is forced to the disk: always, before a batch counts as delivered (survives a power failure); on_rotate, ' +
        'when a file is set aside or closed; never, when the operating system likes.',
    ),
  max_open_files: z
    .int()
    .min(1)
    .max(65_536)
    .default(256)
    .describe('How many files are held open; those unused longest are closed.'),
});

export type FileConfig = z.output<typeof schema>;

export const fileSink: SinkSpec<'file', typeof schema> = {
  type: 'file',
  summary: 'Writes lines to files, byte for byte as read or as JSON, and rotates them by size and time.',
  schema,
  build: (config, context) => new FileSink(config, context),
};
