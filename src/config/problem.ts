/**
 * What is wrong with a configuration, and where. Every part of src/config reports with these; `ConfigError` carries
 * all problems of a file at once, so that one run of `validate` is enough to mend it.
 */

/** A key's place in the configuration: names of keys and indexes of lists, outermost first. */
export type Path = readonly (string | number)[];

export interface Problem {
  /** The file as it was named on the command line. */
  readonly file: string;
  /** Counted from 1; both 0 where the problem is with the file itself. */
  readonly line: number;
  readonly column: number;
  readonly path: Path;
  /** What is wrong; what is accepted. */
  readonly message: string;
}

/** A configuration that cannot be used. Its message is every problem, one a line. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  /** At least one, in the order of the file. */
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    super(problems.map(formatProblem).join('\n'));
    this.problems = problems;
  }
}

/** `FILE:LINE:COL: key.path: message`, which editors and terminals turn into links. */
export function formatProblem({ file, line, column, path, message }: Problem): string {
  const position = line === 0 ? '' : `:${line}:${column}`;
  const key = path.length === 0 ? '' : `${formatPath(path)}: `;
  return `${file}${position}: ${key}${message}`;
}

/** `sources[0].labels.team`; keys that are no plain words are quoted. */
export function formatPath(path: Path): string {
  let text = '';
  for (const part of path) {
    if (typeof part === 'number') text += `[${part}]`;
    else if (!/^[A-Za-z0-9_-]+$/.test(part)) text += `[${JSON.stringify(part)}]`;
    else text += text === '' ? part : `.${part}`;
  }
  return text;
}
