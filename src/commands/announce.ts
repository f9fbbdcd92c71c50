/**
 * The first and the last lines in the log of `log-capturer run`: what runs, from where to where, and how it ended.
 * Shows no secrets and no log's text. Called by the run command.
 */
import { resolve } from 'node:path';
import type { Logger } from '../component/logger.ts';
import type { AgentStatus } from '../component/status.ts';
import type { Config } from '../config/schema.ts';
import { sources } from '../registry.ts';
import { ExitCode } from './exit-code.ts';

/** Keys that say where a component reads from or writes to; every type of component has some of them or none. */
const PLACES = ['include', 'path', 'url', 'listen', 'brokers', 'topic'] as const;

/** Types of sources whose input cannot be read a second time. */
const READ_ONCE: ReadonlySet<string> = new Set(
  sources.filter(({ rereadable }) => !rereadable).map(({ type }) => type),
);

/** One line for the agent, one for each source and each sink. */
export function announceStart(config: Config, configFile: string, log: Logger): void {
  const { sources, sinks, state_dir } = config;
  log.info({ config_file: resolve(configFile), state_dir: resolve(state_dir) }, 'running');
  for (const source of sources)
    log.info({ source: source.id, type: source.type, ...places(source) }, 'reads');
  for (const sink of sinks) {
    log.info({ sink: sink.id, type: sink.type, ...places(sink), sources: sink.sources }, 'delivers');
  }
}

function places(entry: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    PLACES.filter((key) => entry[key] !== undefined).map((key) => [
      key,
      key === 'url' ? withoutSecrets(String(entry[key])) : entry[key],
    ]),
  );
}

/** Without the parts of a URL that hold passwords and tokens. */
function withoutSecrets(text: string): string {
  if (!URL.canParse(text)) return '(not a URL)';
  const { protocol, host, pathname } = new URL(text);
  return `${protocol}//${host}${pathname}`;
}

/**
 * One line with what was delivered, and one for each source that lost something: what it read, nobody can read again.
 * @returns `failure` when something was lost, else `ok`.
 */
export function announceEnd(status: AgentStatus, log: Logger): ExitCode {
  const sum = (of: (source: AgentStatus['sources'][number]) => number) =>
    status.sources.reduce((total, source) => total + of(source), 0);
  const delivered = sum(({ ledger }) => ledger.delivered);
  const inFlight = sum(({ ledger }) => ledger.in_flight);
  const dropped = sum(({ ledger }) =>
    Object.values(ledger.dropped).reduce((total, count) => total + count, 0),
  );
  const deadLettered = sum(({ ledger }) => ledger.dead_lettered);
  let code: ExitCode = ExitCode.ok;
  for (const { id, type, ledger, details } of status.sources) {
    const bytes = Number(details?.bytes_lost ?? 0);
    const records = ledger.in_flight - (ledger.buffered ?? 0);
    if (!READ_ONCE.has(type) || records + bytes === 0) continue;
    code = ExitCode.failure;
    log.error(
      { source: id, records, ...(bytes > 0 && { bytes_not_taken_over: bytes }) },
      `logs are lost: they were not delivered in time, and ${type} cannot be read again`,
    );
  }
  log.info(
    {
      delivered,
      in_flight: inFlight,
      ...(deadLettered > 0 && { dead_lettered: deadLettered }),
      ...(dropped > 0 && { dropped }),
    },
    `stopped: ${delivered} delivered, ${inFlight} in flight`,
  );
  return code;
}
