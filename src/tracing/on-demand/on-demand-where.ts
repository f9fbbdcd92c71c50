/**
 * The `where` of an on-demand rule as a test of one log. Called by the tracer for logs that the rule's rate has chosen.
 * Patterns come from operators over the network and run in the thread that moves the logs, so they run in V8's
 * linear-time engine (https://v8.dev/blog/non-backtracking-regexp) on a bounded piece of text.
 */
import { setFlagsFromString } from 'node:v8';
import { Severity } from '../../record/batch.ts';
import type { Where } from './on-demand-request.ts';

/** How much of a log is looked at, in characters: 178 bytes cost the linear engine 7 µs. */
const MAX_TEXT = 4096;

/** V8's flag for that engine; it exists only while the option below is set. */
const LINEAR = 'l';

/** A regular expression whose time grows only linearly with the text. */
export class LinearPattern {
  readonly #expression: RegExp;

  /** @throws Error that says why it is no pattern, or that it could take too long. */
  constructor(source: string) {
    // Plain validation first: its messages name the mistake.
    let plain: RegExp;
    try {
      plain = new RegExp(source);
    } catch (error) {
      throw new Error(`expected a regular expression: ${(error as Error).message}`, { cause: error });
    }
    setFlagsFromString('--enable-experimental-regexp-engine');
    try {
      this.#expression = new RegExp(plain.source, LINEAR);
    } catch (error) {
      throw new Error(
        'expected a regular expression without backreferences, lookahead, (?i) and repetitions as large as {1,1000}: those can take any time',
        { cause: error },
      );
    }
  }

  test(text: string): boolean {
    return this.#expression.test(text);
  }
}

/** The test that a `where` describes. Severities are OpenTelemetry's; logs of unknown severity have no level. */
export function compileWhere(where: Where): (text: string, severity: number) => boolean {
  const least = where.level === undefined ? null : Severity[where.level];
  const { contains } = where;
  const pattern = where.matches === undefined ? null : new LinearPattern(where.matches);
  return (text, severity) => {
    if (least !== null && severity < least) return false;
    const seen = text.length > MAX_TEXT ? text.slice(0, MAX_TEXT) : text;
    if (contains !== undefined && !seen.includes(contains)) return false;
    return pattern === null || pattern.test(seen);
  };
}
