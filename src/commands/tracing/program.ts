/** The commands under `log-capturer tracing`: names, options and help. What they ask is in commands.ts, imported when one runs. */
import type { Command } from 'commander';
import { type ApiOptions, withApiOptions } from '../api-options.ts';
import type { ExitCode } from '../exit-code.ts';
import type * as commands from './commands.ts';

/** Adds them to the program. @param onEnd told the exit code of the one that ran. */
export function addTracingCommands(program: Command, onEnd: (code: ExitCode) => void): void {
  const tracing = program
    .command('tracing')
    .description('turn tracing of a running agent up and down, and look at what it traced')
    .helpCommand('help [command]', 'show help of a command');

  type Run = (work: typeof commands) => Promise<ExitCode>;
  const end = async (run: Run) => onEnd(await run(await import('./commands.ts')));
  const add = (name: string, description: string) =>
    withApiOptions(tracing.command(name).description(description));

  add('status', 'mode, rates, rules, counts and exporters').action((options: ApiOptions) =>
    end(({ status }) => status(options)),
  );

  withRule(add('enable <source_id>', 'trace more or less of a source for a while'))
    .option('--max-traces <n>', 'end the rule after so many traces')
    .option('--note <text>', 'why, such as a ticket: it is put on the spans and in the audit trail')
    .addHelpText('after', SOURCE_ID_HELP)
    .action((source: string, options: commands.RuleOptions) => end(({ enable }) => enable(source, options)));

  add('disable <source_id>', 'end a rule; give the source_id it was enabled with').action(
    (source: string, options: ApiOptions) => end(({ disable }) => disable(source, options)),
  );

  add('rules', 'the rules in force').action((options: ApiOptions) => end(({ rules }) => rules(options)));

  add('mode [mode]', 'show the mode, or change it: off, system-only, hybrid, full-e2e')
    .option('--duration <time>', 'how long, 1m to 24h; then the configured mode comes back')
    .option('--reset', 'go back to the configured mode')
    .action((mode: string | undefined, options: commands.ModeOptions, command: Command) => {
      if (mode !== undefined && options.reset) command.error('error: give either a mode or --reset');
      if (mode === undefined && options.duration !== undefined)
        command.error('error: --duration needs a mode');
      return end((work) => work.mode(mode, options));
    });

  add('settings [changes...]', 'show the settings that can be changed at run time, or change some: KEY=VALUE')
    .option('--reset', 'go back to the configured values, of all or of the named keys')
    .addHelpText('after', SETTINGS_HELP)
    .action((changes: string[], options: commands.ResetOptions, command: Command) => {
      const wrong = changes.find((change) => change.includes('=') === (options.reset === true));
      if (wrong !== undefined) {
        const expected = options.reset ? 'a key without a value' : 'KEY=VALUE, such as log_tracing_rate=0.01';
        command.error(`error: ${wrong}: expected ${expected}`);
      }
      return end(({ settings }) => settings(changes, options));
    });

  withRule(
    add(
      'explain <source_id>',
      'what would be decided about logs of a source and why, and what a rule would cost',
    ),
  )
    .option('--sample <line>', 'a line of the log, to be looked at with its trace context')
    .addHelpText('after', SOURCE_ID_HELP)
    .action((source: string, options: commands.ExplainOptions) =>
      end(({ explain }) => explain(source, options)),
    );

  add('traces', 'traces that the agent remembers, the newest first')
    .option('--source <id>', 'of this source or stream')
    .option('--outcome <word>', 'delivered, filtered, dead_lettered or dropped')
    .option('--reason <word>', 'why the log was traced, such as on_demand or tail_slow')
    .option('--min-duration <time>', 'such as 250ms')
    .option('--max-duration <time>', 'such as 10s')
    .option('--since <time>', 'a time in ISO 8601, or how long ago, such as 15m')
    .option('--until <time>', 'likewise')
    .option('--type <word>', 'log (default) or system: traces of batches')
    .option('--limit <n>', 'most traces, 1 to 1000 (default: 20)')
    .action((options: commands.TracesOptions) => end(({ traces }) => traces(options)));

  add('trace <trace_id>', 'one trace with its spans').action((id: string, options: ApiOptions) =>
    end(({ trace }) => trace(id, options)),
  );
}

/** What a rule says. */
function withRule(command: Command): Command {
  return command
    .option('--rate <share>', 'share of its logs, 0 (mute) to 1 (every log) (default: 1)')
    .option('--duration <time>', 'how long, 1m to 24h (default: tracing.on_demand.default_duration)')
    .option('--level <level>', 'only logs of this level or a worse one')
    .option('--contains <text>', 'only logs that contain this text')
    .option('--matches <pattern>', 'only logs that match this regular expression');
}

const SOURCE_ID_HELP = `
A source_id is the path of a file, the id or name of a container, the id of a configured source, or a glob in quotes
such as '/var/log/**/*.log'.`;

const SETTINGS_HELP = `
Examples:
  log-capturer tracing settings log_tracing_rate=0.01 tail.slow=250ms
  log-capturer tracing settings --reset tail.slow
Changes hold until they are reset, until a changed configuration is loaded, or until a restart.`;
