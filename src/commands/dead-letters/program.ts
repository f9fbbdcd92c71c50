/** The commands under `log-capturer dead-letters`: names, options and help. Their work is in files of their own, imported when one runs. */
import { type Command, InvalidArgumentError } from 'commander';
import { withApiOptions } from '../api-options.ts';
import type { ExitCode } from '../exit-code.ts';
import type { ListOptions } from './list.ts';
import type { ReplayOptions } from './replay.ts';
import type { ShowOptions } from './show.ts';

const CONFIG_OPTION = [
  '-c, --config <file>',
  "configuration file (default: the installation's configs/config.yaml)",
] as const;

/** Adds them to the program. @param onEnd told the exit code of the one that ran. */
export function addDeadLettersCommands(program: Command, onEnd: (code: ExitCode) => void): void {
  const deadLetters = program
    .command('dead-letters')
    .description('logs that a sink refused for good: list them, look at them, send them again')
    .helpCommand('help [command]', 'show help of a command');

  const add = (name: string, description: string) =>
    deadLetters
      .command(name)
      .description(description)
      .option(...CONFIG_OPTION)
      .option('--sink <id>', 'only those that this sink refused')
      .option('--source <id>', 'only those of this source')
      .option('--reason <word>', 'only those refused for this reason');

  add('list', 'how many there are, by sink, reason and source')
    .option('--json', 'print JSON, for scripts')
    .action(async (options: ListOptions) => {
      const { list } = await import('./list.ts');
      onEnd(await list(options));
    });

  add('show', 'the letters themselves')
    .option('--limit <n>', 'how many at the most', numberOf, 20)
    .option('--all', 'also those that were sent again already')
    .option('--json', 'print them as they are kept, a line of JSON each')
    .action(async (options: ShowOptions) => {
      const { show } = await import('./show.ts');
      onEnd(await show(options));
    });

  withApiOptions(add('replay', 'send them again; what the sink takes is no dead letter any more'))
    .option('--to <id>', 'the sink that gets them, instead of the one that refused them')
    .addHelpText('after', REPLAY_HELP)
    .action(async (options: ReplayOptions) => {
      const { replay } = await import('./replay.ts');
      onEnd(await replay(options));
    });
}

const REPLAY_HELP = `
Where an agent runs with this configuration it does the sending, else the command itself. It may be interrupted and
repeated at any time: what was taken is not sent again, but for the batch that was under way when it was killed.`;

function numberOf(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1)
    throw new InvalidArgumentError('expected a whole number from 1 on');
  return value;
}
