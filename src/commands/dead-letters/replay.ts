/**
 * `log-capturer dead-letters replay`: sends letters again. Where an agent has the state directory it is asked to, else
 * the command does it itself. Shows how far it is on a terminal. Ctrl-C stops it after the batch under way, a second one
 * at once; nothing is lost either way.
 */
import type { ReplayStatus } from '../../component/status.ts';
import type { Config } from '../../config/schema.ts';
import type { LetterFilter } from '../../dispatcher/dead-letters/read-letters.ts';
import { LiveLine } from '../../summary.ts';
import { ApiClient, ApiError } from '../api-client.ts';
import type { ApiOptions } from '../api-options.ts';
import { ExitCode } from '../exit-code.ts';
import { createLog } from '../log.ts';
import { print, printError } from '../print.ts';
import { printable } from '../printable.ts';
import { configFile, readConfig } from '../read-config.ts';
import { AgentReplay } from './agent-replay.ts';
import { progressLine, summaryOf } from './progress.ts';

export interface ReplayOptions extends LetterFilter, ApiOptions {
  readonly config?: string;
  /** Id of the sink that gets them. */
  readonly to?: string;
}

/** A replay, wherever it runs. */
export interface RunningReplay {
  /** Sends, to the end or until it is cancelled. */
  run(): Promise<ReplayStatus>;
  status(): ReplayStatus;
  /** Why it does not get on; undefined when it does. */
  trouble(): string | undefined;
  cancel(): void;
  /** Waits for nothing any more. */
  abandon(): void;
}

/** How often progress is drawn, in milliseconds. */
const DRAW_MS = 200;
/** How long the batch under way is waited for after the first signal, in milliseconds. */
const STOP_MS = 10_000;

export async function replay(options: ReplayOptions): Promise<ExitCode> {
  const line = new LiveLine(process.stderr);
  try {
    const opened = await open(options, line);
    if (opened === undefined) return ExitCode.config;
    const status = await runShown(opened, line);
    print(options.json ? `${JSON.stringify(status, null, 2)}\n` : printable(summaryOf(status)));
    return status.state === 'done' && status.refused === 0 ? ExitCode.ok : ExitCode.failure;
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    printError(`log-capturer: ${printable(error.message)}\n`);
    return error instanceof ApiError && error.status === 400 ? ExitCode.usage : ExitCode.failure;
  }
}

/** Undefined when the configuration is wrong. */
async function open(options: ReplayOptions, line: LiveLine): Promise<RunningReplay | undefined> {
  const { sink, source, reason, to } = options;
  const request = { sink, source, reason, to };
  if (options.url !== undefined) return new AgentReplay(new ApiClient(options), request);
  const config = await readConfig(configFile(options.config));
  if (config === undefined) return undefined;
  // Loaded here: the kernel and all sinks come with it.
  const { ReplayAlone } = await import('../../replay-alone.ts');
  const { StateDirInUse } = await import('../../state-dir.ts');
  checkSink(config, to ?? sink);
  try {
    return await ReplayAlone.open(config, request, createLog('warn', line));
  } catch (error) {
    if (!(error instanceof StateDirInUse)) throw error;
    const url = process.env.LOG_CAPTURER_URL || urlOf(config);
    return new AgentReplay(new ApiClient({ ...options, url }), request);
  }
}

function checkSink({ sinks }: Config, id: string | undefined): void {
  if (id === undefined || sinks.some((sink) => sink.id === id)) return;
  const known = sinks.map((sink) => sink.id).join(', ');
  throw new Error(
    `there is no sink ${id} in the configuration; there are: ${known}; --to names the one that gets them`,
  );
}

function urlOf({ server }: Config): string {
  const host = server.host === '0.0.0.0' || server.host === '::' ? 'localhost' : server.host;
  const scheme = server.tls === undefined ? 'http' : 'https';
  return `${scheme}://${host.includes(':') ? `[${host}]` : host}:${server.port}`;
}

async function runShown(replay: RunningReplay, line: LiveLine): Promise<ReplayStatus> {
  const draw = () => line.show(progressLine(replay.status(), replay.trouble(), line.width));
  const timer = setInterval(draw, DRAW_MS);
  let stops = 0;
  let late: NodeJS.Timeout | undefined;
  const stop = () => {
    stops++;
    if (stops > 1) {
      replay.abandon();
      return;
    }
    replay.cancel();
    late = setTimeout(() => replay.abandon(), STOP_MS);
  };
  process.on('SIGINT', stop).on('SIGTERM', stop);
  try {
    return await replay.run();
  } finally {
    clearInterval(timer);
    clearTimeout(late);
    line.clear();
    process.off('SIGINT', stop).off('SIGTERM', stop);
  }
}
