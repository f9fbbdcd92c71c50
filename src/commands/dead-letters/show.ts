/** `log-capturer dead-letters show`: letters with all that is known of them. Reads files, asks no agent. */
import { resolve } from 'node:path';
import { bytesOf, type DeadLetter, encodeDeadLetter } from '../../dispatcher/dead-letters/dead-letter.ts';
import { type LetterFilter, readLetters } from '../../dispatcher/dead-letters/read-letters.ts';
import { ExitCode } from '../exit-code.ts';
import { print } from '../print.ts';
import { printable } from '../printable.ts';
import { configFile, readConfig } from '../read-config.ts';

export interface ShowOptions extends LetterFilter {
  readonly config?: string;
  readonly json?: boolean;
  readonly limit: number;
  /** Those that were sent again, too. */
  readonly all?: boolean;
}

export async function show(options: ShowOptions): Promise<ExitCode> {
  const config = await readConfig(configFile(options.config));
  if (config === undefined) return ExitCode.config;
  let shown = 0;
  for await (const { letter, sent, file, line } of readLetters(resolve(config.state_dir), options)) {
    if (letter === undefined || (sent && !options.all)) continue;
    if (shown === options.limit) {
      if (!options.json) print(`(there are more; --limit shows them)\n`);
      break;
    }
    shown++;
    print(
      options.json
        ? encodeDeadLetter(letter)
        : printable(showLetter(letter, { sent, place: `${file}:${line}` })),
    );
  }
  if (shown === 0 && !options.json) print('no dead letters\n');
  return ExitCode.ok;
}

function showLetter(letter: DeadLetter, { sent, place }: { sent: boolean; place: string }): string {
  const { uncertain, trace_id, labels } = letter;
  const attempts = letter.attempts === 1 ? '1 attempt' : `${letter.attempts} attempts`;
  const facts = [
    `${letter.dead_lettered_at}  ${letter.sink}  ${letter.reason}${sent ? '  (sent again)' : ''}`,
    `  why     ${letter.message} (${attempts})`,
    ...(uncertain
      ? [`          ${uncertain.refused} of ${uncertain.of} logs were refused, unknown which`]
      : []),
    `  from    ${letter.stream} at ${letter.offset}, source ${letter.source}, read ${letter.read_at}`,
    ...(labels ? [`  labels  ${JSON.stringify(labels)}`] : []),
    `  ids     ${letter.uid}${trace_id === undefined ? '' : `, trace ${trace_id}`}`,
    `  kept    ${place}`,
    `  text    ${bytesOf(letter).toString()}`,
  ];
  return `${facts.join('\n')}\n\n`;
}
