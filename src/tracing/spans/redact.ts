/** Hides the values of named fields and attributes (`tracing.annotate.redact`). Used by annotate.ts. */

export const REDACTED = '[redacted]';

/** Names are compared without regard to case: `Password` is as secret as `password`. */
export class Redaction {
  readonly #names: ReadonlySet<string>;

  constructor(names: readonly string[]) {
    this.#names = new Set(names.map((name) => name.toLowerCase()));
  }

  hides(name: string): boolean {
    return this.#names.size > 0 && this.#names.has(name.toLowerCase());
  }
}
