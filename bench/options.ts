/** The command line of the benchmarks. Called by run.ts and peers/run.ts. */
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { parseByteSize } from '../src/component/units.ts';

export interface Options {
  readonly corpusBytes: number;
  readonly repetitions: number;
  /** Only what has this in its name. */
  readonly only: string;
  /** File for all samples. */
  readonly json: string | undefined;
  /** Where corpora are kept and runs have their folders; on one file system. */
  readonly folder: string;
}

export interface Defaults {
  readonly size: string;
  readonly repetitions: number;
}

const usage = ({ size, repetitions }: Defaults) => `options:
  --quick        64 MiB and 2 repetitions: shows that everything works, the figures are rough
  --size SIZE    size of each corpus (default ${size})
  --reps N       repetitions (default ${repetitions})
  --only NAME    only what has NAME in its name
  --json FILE    write all samples to FILE`;

/** Reads the arguments; on a wrong one says what is accepted and ends the program with code 2. */
export function readOptions(
  args: readonly string[],
  defaults: Defaults = { size: '512MiB', repetitions: 5 },
): Options {
  try {
    return parse(args, defaults);
  } catch (error) {
    console.error(`${(error as Error).message}\n${usage(defaults)}`);
    process.exit(2);
  }
}

function parse(args: readonly string[], defaults: Defaults): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: 'boolean', default: false },
      size: { type: 'string' },
      reps: { type: 'string' },
      only: { type: 'string', default: '' },
      json: { type: 'string' },
    },
  });
  const corpusBytes = parseByteSize(values.size ?? (values.quick ? '64MiB' : defaults.size));
  if (corpusBytes === undefined || corpusBytes < 2 ** 20)
    throw new Error('--size: expected a size such as 512MiB, at least 1MiB');
  const repetitions = Number(values.reps ?? (values.quick ? 2 : defaults.repetitions));
  if (!Number.isInteger(repetitions) || repetitions < 1)
    throw new Error('--reps: expected a whole number from 1 up');
  return {
    corpusBytes,
    repetitions,
    only: values.only,
    json: values.json,
    folder: join(tmpdir(), 'log-capturer-bench'),
  };
}
