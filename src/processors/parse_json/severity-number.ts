/**
 * What applications call a log's level, as OpenTelemetry's severity number. Called by parse_json for each record:
 * the usual spellings are one look-up.
 */
import { Severity } from '../../record/batch.ts';

/** Numbers of levels that lie between those of `Severity`: OpenTelemetry's log data model, appendix B (syslog). */
const NOTICE = 10;
const CRITICAL = 18;
const ALERT = 19;

const NAMES: Readonly<Record<string, number>> = {
  trace: Severity.trace,
  verbose: Severity.trace,
  silly: Severity.trace,
  finest: Severity.trace,
  debug: Severity.debug,
  dbg: Severity.debug,
  fine: Severity.debug,
  info: Severity.info,
  information: Severity.info,
  informational: Severity.info,
  notice: NOTICE,
  warn: Severity.warn,
  warning: Severity.warn,
  error: Severity.error,
  err: Severity.error,
  severe: Severity.error,
  crit: CRITICAL,
  critical: CRITICAL,
  alert: ALERT,
  fatal: Severity.fatal,
  panic: Severity.fatal,
  dpanic: Severity.fatal,
  emerg: Severity.fatal,
  emergency: Severity.fatal,
};

/** Numbers of syslog's severities 0 (emergency) to 7 (debug): RFC 5424, table 2. GELF writes them as `level`. */
const SYSLOG = [
  Severity.fatal,
  ALERT,
  CRITICAL,
  Severity.error,
  Severity.warn,
  NOTICE,
  Severity.info,
  Severity.debug,
] as const;

/** By tens of the level: 10 trace, 20 debug, 30 info, 40 warn, 50 error, 60 fatal, in pino's and bunyan's documentation. */
const PINO = [
  Severity.unknown,
  Severity.trace,
  Severity.debug,
  Severity.info,
  Severity.warn,
  Severity.error,
  Severity.fatal,
] as const;

const BY_NAME = new Map<string, number>();
for (const [name, number] of Object.entries(NAMES)) {
  BY_NAME.set(name, number);
  BY_NAME.set(name.toUpperCase(), number);
  BY_NAME.set(name[0]!.toUpperCase() + name.slice(1), number);
}

/** No name is longer; longer texts are not looked at. */
const MAX_NAME = 16;

/**
 * The severity number of a level: a name in any case, with blanks around it; a number of pino or bunyan (10 to 69,
 * custom levels count as the next lower one); a syslog severity (0 to 7). 0 for anything else.
 */
export function severityNumber(level: unknown): number {
  if (typeof level === 'string') {
    const known = BY_NAME.get(level);
    if (known !== undefined) return known;
    return level.length > MAX_NAME
      ? Severity.unknown
      : (BY_NAME.get(level.trim().toLowerCase()) ?? Severity.unknown);
  }
  if (typeof level !== 'number') return Severity.unknown;
  if (level >= 10) return PINO[Math.floor(level / 10)] ?? Severity.unknown;
  return SYSLOG[level] ?? Severity.unknown;
}
