/** The command line: names, options and help. Each command's work is in its own file, imported only when it runs. */
import { Command, CommanderError } from 'commander';
import { VERSION } from '../version.ts';
import { withApiOptions } from './api-options.ts';
import { addDeadLettersCommands } from './dead-letters/program.ts';
import { EXIT_CODES_HELP, ExitCode } from './exit-code.ts';
import { print, printError } from './print.ts';
import { addTracingCommands } from './tracing/program.ts';

const CONFIG_OPTION = [
  '-c, --config <file>',
  "configuration file (default: the installation's configs/config.yaml)",
] as const;

/** Runs the command that the arguments name and returns the exit code. Arguments are without node and script. */
export async function runProgram(args: readonly string[]): Promise<ExitCode> {
  let code: ExitCode = ExitCode.ok;
  const program = buildProgram((ended) => {
    code = ended;
  });
  try {
    await program.parseAsync(args, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    // Commander exits with 0 after help and version that were asked for, and has printed what is wrong otherwise.
    return error.exitCode === 0 ? ExitCode.ok : ExitCode.usage;
  }
  return code;
}

/** All commands. @param onEnd told the exit code of the one that ran. */
export function buildProgram(onEnd: (code: ExitCode) => void): Command {
  const program = new Command('log-capturer')
    .description('A log agent that can show the journey of any log line through itself.')
    .version(VERSION, '-V, --version', 'print the version number')
    .helpCommand('help [command]', 'show help, of a command too')
    .configureOutput({ writeOut: print, writeErr: printError })
    .addHelpText('after', EXIT_CODES_HELP)
    .showHelpAfterError('(log-capturer --help lists commands and options)')
    .exitOverride();

  program
    .command('run')
    .description('run the agent until it is told to stop (Ctrl-C or SIGTERM; a second time: at once)')
    .option(...CONFIG_OPTION)
    .action(async ({ config }: { config?: string }) => {
      const { run } = await import('./run.ts');
      onEnd(await run(config));
    });

  program
    .command('validate')
    .description('check a configuration file and report everything that is wrong with it')
    .argument('[file]', 'configuration file, instead of --config')
    .option(...CONFIG_OPTION)
    .action(async (file: string | undefined, { config }: { config?: string }, command: Command) => {
      if (file !== undefined && config !== undefined) {
        command.error('error: a file was given twice; give it either as an argument or with --config');
      }
      const { validate } = await import('./validate.ts');
      onEnd(await validate(file ?? config));
    });

  withApiOptions(
    program
      .command('where')
      .description(
        'what became of a log: delivered, in flight, not read yet, filtered, dead-lettered, dropped',
      )
      .option('--file <path>', 'the file that the line is in; with one of --line, --offset, --text')
      .option('--line <n>', 'its number, from 1')
      .option('--offset <bytes>', 'the position of any of its bytes')
      .option('--text <text>', 'a part of it; without --file, all files that the agent reads are searched')
      .option('--id <id>', 'its trace id, or its record uid')
      .option('--all', 'show up to 100 lines, not only the last 5')
      .option('--follow', 'wait until it has come to its end'),
  ).action(async (options) => {
    const { where } = await import('./where.ts');
    onEnd(await where(options));
  });

  addDeadLettersCommands(program, onEnd);
  addTracingCommands(program, onEnd);

  program
    .command('schema')
    .description('print the JSON Schema of the configuration, for editors')
    .action(async () => {
      const { printSchema } = await import('./schema.ts');
      printSchema();
    });

  program
    .command('version')
    .description('print the versions of log-capturer and of the Node.js that runs it')
    .action(() => {
      print(`log-capturer ${VERSION} (Node.js ${process.version}, ${process.platform} ${process.arch})\n`);
    });

  return program;
}
