/**
 * The agent's own log. It goes to standard error, because standard output belongs to the stdout sink:
 * JSON lines, or text for people when that is a terminal.
 */
import { type DestinationStream, destination, type Logger, pino, stdTimeFunctions } from 'pino';
import { printable } from './printable.ts';

export type Level = 'debug' | 'info' | 'warn' | 'error';

/**
 * A logger that writes to standard error; on a terminal through `terminal`, which has a live line there.
 * Every line is written before the call returns, so none is lost in a crash.
 */
export function createLog(level: Level, terminal: { write(text: string): unknown }): Logger {
  const { isTTY } = process.stderr;
  const describe = (error: unknown) => describeError(error, level === 'debug');
  return pino(
    {
      level,
      base: null,
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: describe, error: describe },
    },
    isTTY ? forPeople(terminal, { colours: process.stderr.hasColors() }) : destination({ fd: 2, sync: true }),
  );
}

const COLOURS: Readonly<Record<string, string>> = {
  debug: '90',
  info: '32',
  warn: '33',
  error: '31',
  fatal: '97;41',
};

/**
 * What a log says of an error. Most are troubles of the world around (a port in use, no space), which a stack only
 * hides: it is there at level debug, and where it is logged as a field of its own.
 */
export function describeError(error: unknown, withStack: boolean): unknown {
  if (!(error instanceof Error)) return error;
  const { name, message, stack, cause } = error;
  const { code } = error as NodeJS.ErrnoException;
  return {
    type: name,
    message,
    ...(code === undefined ? {} : { code }),
    ...(cause instanceof Error ? { cause: cause.message } : {}),
    ...(withStack ? { stack } : {}),
  };
}

/** Turns pino's JSON lines into `TIME LEVEL message key=value…`, with a stack on lines of its own below. */
export function forPeople(
  out: { write(text: string): unknown },
  options: { colours: boolean },
): DestinationStream {
  return {
    write(line) {
      out.write(`${formatEntry(line, options.colours)}\n`);
    },
  };
}

/** One of pino's lines for people. The time is local, to the millisecond. */
export function formatEntry(line: string, colours: boolean): string {
  const { level, time, msg, stack, ...fields } = JSON.parse(line) as Record<string, unknown>;
  const label = String(level).padEnd(5);
  const painted = colours ? `\u001b[${COLOURS[String(level)] ?? '0'}m${label}\u001b[0m` : label;
  const rest = Object.entries(fields).map(([key, value]) => ` ${key}=${formatField(value)}`);
  const below = typeof stack === 'string' ? `\n${printable(stack)}` : '';
  return `${localTime(String(time))} ${painted} ${printable(String(msg))}${rest.join('')}${below}`;
}

function localTime(iso: string): string {
  const time = new Date(iso);
  const digits = (value: number, width = 2) => String(value).padStart(width, '0');
  const seconds = `${digits(time.getSeconds())}.${digits(time.getMilliseconds(), 3)}`;
  return `${digits(time.getHours())}:${digits(time.getMinutes())}:${seconds}`;
}

function formatField(value: unknown): string {
  if (typeof value === 'string') return /^[\w./:@*+-]+$/.test(value) ? value : JSON.stringify(value);
  if (typeof value === 'object' && value !== null && 'message' in value && 'type' in value) {
    return JSON.stringify(value.message);
  }
  return JSON.stringify(value);
}
