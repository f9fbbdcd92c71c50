/** Cuts a filter expression into tokens. */
import { ExpressionError } from './expression-error.ts';

interface Place {
  /** Indexes of the first character and of the one behind the last. */
  readonly at: number;
  readonly end: number;
}

export type Token = Place &
  (
    | { readonly kind: 'word'; readonly text: string }
    | { readonly kind: 'symbol'; readonly text: string }
    | { readonly kind: 'string'; readonly value: string }
    | { readonly kind: 'number'; readonly value: number }
    | { readonly kind: 'pattern'; readonly source: string; readonly ignoreCase: boolean }
    | { readonly kind: 'end' }
  );

const BLANK = /\s+/y;
const WORD = /[\p{L}_@$][\p{L}\p{N}_@$-]*/uy;
const NUMBER = /-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const SYMBOL = /==|!=|<=|>=|[<>().]/y;
/** A slash inside a character class needs no backslash. */
const PATTERN = /\/((?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\[\n])+)\/([A-Za-z]*)/y;

/** What people write from habit. */
const HINTS: Readonly<Record<string, string>> = {
  '=': '"==" instead of "="',
  '&': '"and" instead of "&"',
  '|': '"or" instead of "|"',
  '!': '"not" instead of "!"',
  '~': '"matches /…/" instead of "~"',
};

const ESCAPES: Readonly<Record<string, string>> = {
  n: '\n',
  r: '\r',
  t: '\t',
  '"': '"',
  "'": "'",
  '\\': '\\',
  '/': '/',
};

/** All tokens, the last of kind `end`. @throws ExpressionError */
export function tokensOf(expression: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  const match = (pattern: RegExp) => {
    pattern.lastIndex = at;
    return pattern.exec(expression);
  };
  while (at < expression.length) {
    const blank = match(BLANK);
    if (blank !== null) {
      at += blank[0].length;
      continue;
    }
    const token = stringAt(expression, at) ?? simpleToken(match, expression, at);
    tokens.push(token);
    at = token.end;
  }
  tokens.push({ kind: 'end', at, end: at });
  return tokens;
}

function simpleToken(
  match: (pattern: RegExp) => RegExpExecArray | null,
  expression: string,
  at: number,
): Token {
  const place = ([text]: RegExpExecArray) => ({ at, end: at + text.length });
  const word = match(WORD);
  if (word !== null) return { kind: 'word', text: word[0], ...place(word) };
  const number = match(NUMBER);
  if (number !== null) return { kind: 'number', value: Number(number[0]), ...place(number) };
  const symbol = match(SYMBOL);
  if (symbol !== null) return { kind: 'symbol', text: symbol[0], ...place(symbol) };
  if (expression[at] === '/') return patternToken(match(PATTERN), expression, at);
  const hint = HINTS[expression[at]!];
  throw new ExpressionError(
    hint === undefined ? 'this cannot stand here' : `expected ${hint}`,
    expression,
    at,
  );
}

function patternToken(found: RegExpExecArray | null, expression: string, at: number): Token {
  if (found === null) throw new ExpressionError('expected a pattern that ends with "/"', expression, at);
  const [text, source, flags] = found;
  if (flags !== '' && flags !== 'i') {
    throw new ExpressionError(
      'expected no letter but "i" behind a pattern',
      expression,
      at + text.length - 1,
    );
  }
  return { kind: 'pattern', source: source!, ignoreCase: flags === 'i', at, end: at + text.length };
}

/** A text in double or single quotes; undefined when there is none here. */
function stringAt(expression: string, at: number): Token | undefined {
  const quote = expression[at];
  if (quote !== '"' && quote !== "'") return undefined;
  let value = '';
  for (let i = at + 1; i < expression.length; i++) {
    const character = expression[i]!;
    if (character === quote) return { kind: 'string', value, at, end: i + 1 };
    if (character !== '\\') {
      value += character;
      continue;
    }
    const meant = ESCAPES[expression[++i] ?? ''];
    if (meant === undefined) {
      throw new ExpressionError('expected \\n, \\r, \\t, \\" or \\\\', expression, i - 1);
    }
    value += meant;
  }
  throw new ExpressionError(`expected a text that ends with ${quote}`, expression, at);
}
