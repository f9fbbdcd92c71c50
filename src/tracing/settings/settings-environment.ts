/**
 * Reads OpenTelemetry's environment variables. One that cannot be used counts as unset and leaves a warning, as the
 * specification asks ("Environment Variable Specification": empty means unset, unknown values are warned about and
 * ignored). Used by settings.ts.
 */
export type Environment = Readonly<Record<string, string | undefined>>;

export class EnvironmentReader {
  readonly #environment: Environment;
  readonly warnings: string[] = [];

  constructor(environment: Environment) {
    this.#environment = environment;
  }

  /** Undefined when unset or empty. */
  text(name: string): string | undefined {
    return this.#environment[name]?.trim() || undefined;
  }

  /** The first of several variables that is set, by name and value. */
  first(names: readonly string[]): { name: string; value: string } | undefined {
    for (const name of names) {
      const value = this.text(name);
      if (value !== undefined) return { name, value };
    }
    return undefined;
  }

  /** Only `true`, in any case, is true. */
  boolean(name: string): boolean {
    const value = this.text(name)?.toLowerCase();
    if (value !== undefined && value !== 'true' && value !== 'false') this.ignore(name, 'true or false');
    return value === 'true';
  }

  choice<const Choice extends string>(
    names: string | readonly string[],
    choices: readonly Choice[],
  ): Choice | undefined {
    const found = this.first(typeof names === 'string' ? [names] : names);
    if (found === undefined) return undefined;
    const choice = choices.find((candidate) => candidate === found.value.toLowerCase());
    if (choice === undefined) this.ignore(found.name, `one of ${choices.join(', ')}`);
    return choice;
  }

  /** A whole number of at least `min`. */
  integer(names: string | readonly string[], min: number): number | undefined {
    const found = this.first(typeof names === 'string' ? [names] : names);
    if (found === undefined) return undefined;
    const value = Number(found.value);
    if (Number.isSafeInteger(value) && value >= min) return value;
    this.ignore(found.name, `a whole number of at least ${min}`);
    return undefined;
  }

  /** A number from 0 to 1. */
  ratio(name: string, fallback: number): number {
    const text = this.text(name);
    if (text === undefined) return fallback;
    const value = Number(text);
    if (value >= 0 && value <= 1) return value;
    this.ignore(name, 'a number from 0 to 1');
    return fallback;
  }

  url(names: readonly string[]): { name: string; value: string } | undefined {
    const found = this.first(names);
    if (found === undefined) return undefined;
    if (URL.canParse(found.value) && /^https?:\/\/[^/]/i.test(found.value)) return found;
    this.ignore(found.name, 'a URL with http:// or https://');
    return undefined;
  }

  /** `key=value,key=value` with percent-encoded values, as W3C baggage writes them (without properties). */
  pairs(names: string | readonly string[]): Record<string, string> {
    const found = this.first(typeof names === 'string' ? [names] : names);
    if (found === undefined) return {};
    const pairs: [string, string][] = [];
    for (const pair of found.value.split(',')) {
      if (pair.trim() === '') continue;
      const equals = pair.indexOf('=');
      const key = pair.slice(0, Math.max(0, equals)).trim();
      try {
        if (key === '') throw new Error('no key');
        pairs.push([decodeURIComponent(key), decodeURIComponent(pair.slice(equals + 1).trim())]);
      } catch {
        // One bad pair makes the whole value doubtful: the specification says to discard it.
        this.ignore(
          found.name,
          'key=value pairs with commas between them, special characters percent-encoded',
        );
        return {};
      }
    }
    return Object.fromEntries(pairs);
  }

  /** Names the variable but never its value, which may be a secret. */
  ignore(name: string, accepted: string): void {
    const warning = `the environment variable ${name} is ignored: expected ${accepted}`;
    if (!this.warnings.includes(warning)) this.warnings.push(warning);
  }
}
