/**
 * Parses filter expressions:
 *
 *     or          = and { "or" and }
 *     and         = not { "and" not }
 *     not         = "not" not | "(" or ")" | condition
 *     condition   = "text"  ( "contains" text | "matches" pattern | "==" text | "!=" text )
 *                 | "level" ( "==" | "!=" | "<" | "<=" | ">" | ">=" ) name
 *                 | field   ( "exists" | "contains" text | "matches" pattern
 *                           | ( "==" | "!=" ) value | ( "<" | "<=" | ">" | ">=" ) number )
 *     field       = "field" "." key { "." key }         key = word | number | text
 *     value       = text | number | "true" | "false" | "null"
 */
import { Severity } from '../../record/batch.ts';
import { ExpressionError } from './expression-error.ts';
import { LinearPattern } from './linear-pattern.ts';
import { type Token, tokensOf } from './tokens.ts';

export type Comparison = '==' | '!=' | '<' | '<=' | '>' | '>=';
export type Value = string | number | boolean | null;
export type LevelName = keyof typeof Severity;

export type Condition =
  | { readonly kind: 'text_contains'; readonly text: string }
  | { readonly kind: 'text_matches'; readonly pattern: LinearPattern }
  | { readonly kind: 'text_equals'; readonly text: string }
  | { readonly kind: 'level'; readonly comparison: Comparison; readonly level: LevelName }
  | { readonly kind: 'field_exists'; readonly path: readonly string[] }
  | { readonly kind: 'field_contains'; readonly path: readonly string[]; readonly text: string }
  | { readonly kind: 'field_matches'; readonly path: readonly string[]; readonly pattern: LinearPattern }
  | { readonly kind: 'field_equals'; readonly path: readonly string[]; readonly value: Value }
  | {
      readonly kind: 'field_compares';
      readonly path: readonly string[];
      readonly comparison: Comparison;
      readonly value: number;
    };

export type Expression =
  | Condition
  | { readonly kind: 'and' | 'or'; readonly parts: readonly Expression[] }
  | { readonly kind: 'not'; readonly part: Expression };

/** Longest expression, in characters, and deepest nesting of parentheses and "not". */
const MAX_LENGTH = 10_000;
const MAX_DEPTH = 100;

const COMPARISONS: readonly string[] = ['==', '!=', '<', '<=', '>', '>='] satisfies Comparison[];
const LEVELS = Object.keys(Severity) as LevelName[];
const CONSTANTS: ReadonlyMap<string, Value> = new Map<string, Value>([
  ['true', true],
  ['false', false],
  ['null', null],
]);

/** @throws ExpressionError that says where it goes wrong and what was expected. */
export function parseExpression(expression: string): Expression {
  if (expression.length > MAX_LENGTH) {
    throw new ExpressionError(`expected at most ${MAX_LENGTH} characters`, expression, MAX_LENGTH);
  }
  return new Parser(expression).parse();
}

class Parser {
  readonly #expression: string;
  readonly #tokens: readonly Token[];
  #next = 0;
  #depth = 0;

  constructor(expression: string) {
    this.#expression = expression;
    this.#tokens = tokensOf(expression);
  }

  parse(): Expression {
    const parsed = this.#joined('or');
    if (this.#token.kind !== 'end') this.#fail('expected "and", "or" or the end');
    return parsed;
  }

  #joined(kind: 'and' | 'or'): Expression {
    const part = () => (kind === 'or' ? this.#joined('and') : this.#negatable());
    const parts = [part()];
    while (this.#take(kind)) parts.push(part());
    return parts.length === 1 ? parts[0]! : { kind, parts };
  }

  #negatable(): Expression {
    if (++this.#depth > MAX_DEPTH) this.#fail(`expected at most ${MAX_DEPTH} levels`);
    let parsed: Expression;
    if (this.#take('not')) {
      parsed = { kind: 'not', part: this.#negatable() };
    } else if (this.#take('(')) {
      parsed = this.#joined('or');
      if (!this.#take(')')) this.#fail('expected "and", "or" or ")"');
    } else {
      parsed = this.#condition();
    }
    this.#depth--;
    return parsed;
  }

  #condition(): Expression {
    if (this.#take('text')) return this.#ofText();
    if (this.#take('level')) return this.#ofLevel();
    if (this.#take('field')) return this.#ofField();
    return this.#fail('expected "text", "level", "field.…", "not" or "("');
  }

  #ofText(): Expression {
    if (this.#take('contains')) return { kind: 'text_contains', text: this.#text() };
    if (this.#take('matches')) return { kind: 'text_matches', pattern: this.#pattern() };
    if (this.#take('==')) return { kind: 'text_equals', text: this.#text({ mayBeEmpty: true }) };
    if (this.#take('!='))
      return { kind: 'not', part: { kind: 'text_equals', text: this.#text({ mayBeEmpty: true }) } };
    return this.#fail('expected "contains", "matches", "==" or "!="');
  }

  #ofLevel(): Expression {
    const comparison = this.#comparison() ?? this.#fail(`expected one of ${COMPARISONS.join(' ')}`);
    const token = this.#token;
    const level = LEVELS.find((name) => token.kind === 'word' && token.text.toLowerCase() === name);
    if (level === undefined) return this.#fail(`expected one of ${LEVELS.join(', ')}`);
    if (level === 'unknown' && comparison !== '==' && comparison !== '!=') {
      return this.#fail('expected a known level; "unknown" is neither less nor more than another');
    }
    this.#next++;
    return { kind: 'level', comparison, level };
  }

  #ofField(): Expression {
    const path: string[] = [];
    while (this.#take('.')) path.push(this.#key());
    if (path.length === 0) return this.#fail('expected "." and the name of a field');
    if (this.#take('exists')) return { kind: 'field_exists', path };
    if (this.#take('contains')) return { kind: 'field_contains', path, text: this.#text() };
    if (this.#take('matches')) return { kind: 'field_matches', path, pattern: this.#pattern() };
    const comparison =
      this.#comparison() ??
      this.#fail(`expected "exists", "contains", "matches" or one of ${COMPARISONS.join(' ')}`);
    if (comparison === '==') return { kind: 'field_equals', path, value: this.#value() };
    if (comparison === '!=')
      return { kind: 'not', part: { kind: 'field_equals', path, value: this.#value() } };
    const token = this.#token;
    if (token.kind !== 'number') return this.#fail(`expected a number; ${comparison} compares numbers`);
    this.#next++;
    return { kind: 'field_compares', path, comparison, value: token.value };
  }

  /** Names of fields that are no words, such as "log.level", stand in quotes. */
  #key(): string {
    const token = this.#token;
    this.#next++;
    if (token.kind === 'word') return token.text;
    if (token.kind === 'string') return token.value;
    // Numbers stand for places in lists.
    if (token.kind === 'number' && Number.isInteger(token.value)) return String(token.value);
    this.#next--;
    return this.#fail('expected the name of a field');
  }

  #value(): Value {
    const token = this.#token;
    this.#next++;
    if (token.kind === 'string' || token.kind === 'number') return token.value;
    const constant = token.kind === 'word' ? CONSTANTS.get(token.text) : undefined;
    if (constant !== undefined) return constant;
    this.#next--;
    return this.#fail('expected a text in quotes, a number, true, false or null');
  }

  #text({ mayBeEmpty = false } = {}): string {
    const token = this.#token;
    if (token.kind !== 'string') return this.#fail('expected a text in quotes');
    if (token.value === '' && !mayBeEmpty) return this.#fail('expected a text that is not empty');
    this.#next++;
    return token.value;
  }

  #pattern(): LinearPattern {
    const token = this.#token;
    if (token.kind !== 'pattern') return this.#fail('expected a pattern such as /error [0-9]+/i');
    this.#next++;
    try {
      return new LinearPattern(token.source, { ignoreCase: token.ignoreCase });
    } catch (error) {
      throw new ExpressionError((error as Error).message, this.#expression, token.at);
    }
  }

  #comparison(): Comparison | undefined {
    const token = this.#token;
    if (token.kind !== 'symbol' || !COMPARISONS.includes(token.text)) return undefined;
    this.#next++;
    return token.text as Comparison;
  }

  get #token(): Token {
    return this.#tokens[this.#next]!;
  }

  /** Whether the next token is this word or symbol; it is behind us then. */
  #take(text: string): boolean {
    const token = this.#token;
    if ((token.kind !== 'word' && token.kind !== 'symbol') || token.text !== text) return false;
    this.#next++;
    return true;
  }

  #fail(expected: string): never {
    throw new ExpressionError(expected, this.#expression, this.#token.at);
  }
}
