/** `log-capturer run`: the agent in the foreground. */
import { Agent } from '../agent.ts';
import { SystemClock } from '../component/clock.ts';
import type { Config } from '../config/schema.ts';
import { LiveLine, startSummary } from '../summary.ts';
import { announceEnd, announceStart } from './announce.ts';
import { ExitCode } from './exit-code.ts';
import { createLog } from './log.ts';
import { configFile, readConfig } from './read-config.ts';
import { supervise } from './supervise.ts';

/** Time to close files and connections after the last delivery, in milliseconds. */
const CLOSING_MS = 5000;

export async function run(given: string | undefined): Promise<ExitCode> {
  const file = configFile(given);
  const config = await readConfig(file);
  if (config === undefined) return ExitCode.config;
  const code = await runAgent(config, file);
  // Whatever a component left open must not keep the process: it has stopped.
  process.exit(code);
}

async function runAgent(config: Config, file: string): Promise<ExitCode> {
  const line = new LiveLine(process.stderr);
  const log = createLog(config.log.level, line);
  let agent: Agent;
  try {
    agent = new Agent(config, {
      configFile: file,
      log,
      setLogLevel: (level) => {
        log.level = level;
      },
    });
  } catch (err) {
    log.error({ err, config_file: file }, 'the configuration is refused');
    return ExitCode.config;
  }
  const clock = new SystemClock();
  // Logs on the same terminal would run into the live line.
  const quiet = process.stdout.isTTY && config.sinks.some(({ type }) => type === 'stdout');
  const status = () => agent.status();
  // A terminal that is gone takes no more text; what is being delivered must not end with it.
  process.stderr.on('error', () => {});
  let end: ExitCode = ExitCode.ok;
  const code = await supervise(agent, {
    log,
    clock,
    events: process,
    exit: (exitCode) => process.exit(exitCode),
    onTerminal: process.stdin.isTTY || process.stderr.isTTY,
    stopWithinMs: () => agent.config.dispatcher.shutdown_timeout + CLOSING_MS,
    whileRunning() {
      announceStart(config, file, log);
      const stopSummary = quiet ? () => {} : startSummary({ status, clock, out: line });
      return () => {
        stopSummary();
        end = announceEnd(status(), log);
      };
    },
  });
  return code === ExitCode.ok ? end : code;
}
