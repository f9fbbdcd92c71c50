/**
 * A regular expression whose time grows only linearly with the text, whatever the text: it runs in the thread that moves
 * the logs, and anyone may write a log. V8 matches by backtracking, which is fast (tens of ns a log), and when that goes
 * wrong changes over to its linear engine (https://v8.dev/blog/non-backtracking-regexp); so only patterns that the
 * linear engine can take are accepted.
 */
import { setFlagsFromString } from 'node:v8';
import { ignoringCase } from './ignoring-case.ts';

/** V8's flag for the linear engine; it exists only while the first option below is set. */
const LINEAR = 'l';

export class LinearPattern {
  readonly #expression: RegExp;

  /** @throws Error that says why it is no pattern, or that it could take too long. */
  constructor(source: string, { ignoreCase = false } = {}) {
    try {
      // Plain validation first: its messages name the mistake.
      void new RegExp(source);
    } catch (error) {
      throw new Error(`expected a regular expression: ${(error as Error).message}`, { cause: error });
    }
    setFlagsFromString('--enable-experimental-regexp-engine');
    setFlagsFromString('--enable-experimental-regexp-engine-on-excessive-backtracks');
    const plain = ignoreCase ? ignoringCase(source) : source;
    try {
      void new RegExp(plain, LINEAR);
    } catch (error) {
      throw new Error(
        'expected a regular expression without backreferences, lookahead and repetitions as large as {1,1000}: those can take any time',
        { cause: error },
      );
    }
    this.#expression = new RegExp(plain);
  }

  test(text: string): boolean {
    return this.#expression.test(text);
  }
}
