/** The keys of a file source in the configuration. */
import { z } from 'zod';
import { byteSize, duration } from '../../component/units.ts';
import { parseGlob } from './glob.ts';

/** Names of compressed files: their bytes are no lines, and log rotation leaves them beside the logs. */
const COMPRESSED = ['*.gz', '*.bz2', '*.xz', '*.zst', '*.lz4', '*.zip'];

const pattern = z
  .string()
  .min(1)
  .superRefine((value, context) => {
    try {
      parseGlob(value);
    } catch (error) {
      context.addIssue({ code: 'custom', message: (error as Error).message, input: value });
    }
  });

export const schema = z.strictObject({
  include: z
    .array(pattern)
    .min(1)
    .describe(
      'Paths or patterns of the files to tail: `*`, `?`, `[a-z]`, `{a,b}`, and `**` for any number of folders. Symbolic links to folders are followed, but for those below `**`. Relative patterns start at the working directory.',
    ),
  exclude: z
    .array(pattern)
    .default(COMPRESSED)
    .describe(
      'Patterns of files and folders to leave out; one without a slash is compared with the name only. What the agent writes below state_dir is always left out.',
    ),
  archives: z
    .boolean()
    .default(false)
    .describe(
      'Also reads what rotation has compressed with gzip beside the files (`a.log.1.gz`), each once. Of a file that was read before it was compressed, only what is new in the archive is read. `exclude` does not count for them.',
    ),
  start_at: z
    .enum(['beginning', 'end'])
    .default('beginning')
    .describe(
      'Where to start in files that exist when the agent starts and were never read before. Files that appear later are read from the beginning.',
    ),
  poll_interval: duration({ min: '10ms', max: '1m' })
    .prefault('250ms')
    .describe('How often to look whether a file that was written to lately has grown.'),
  quiet_poll_interval: duration({ min: '10ms', max: '10m' })
    .prefault('1s')
    .describe('How often, at the least, to look at files that have been quiet for long.'),
  scan_interval: duration({ min: '10ms', max: '10m' })
    .prefault('1s')
    .describe('How often to look for new files.'),
  rotate_wait: duration({ max: '1h' })
    .prefault('5s')
    .describe(
      'How long to go on reading a file that was renamed or deleted after it last grew, in case its writer still has it open.',
    ),
  max_open_files: z
    .int()
    .min(1)
    .max(1_000_000)
    .default(1024)
    .describe(
      'Most files held open. More can be tailed: those that are quiet are then closed and opened again.',
    ),
  max_line_bytes: byteSize({ min: '1KiB', max: '64MiB' })
    .prefault('256KiB')
    .describe(
      'Longer lines are cut into records of this size, which are flagged and counted. At most half of dispatcher.batch_bytes is used.',
    ),
});

export type FileSourceConfig = z.output<typeof schema>;
