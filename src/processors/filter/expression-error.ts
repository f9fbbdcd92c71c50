/** How much of the expression is shown around a mistake, in characters. */
const BEFORE = 20;
const AFTER = 30;

/** What is wrong with an expression, where, and what was expected instead. */
export class ExpressionError extends Error {
  override readonly name = 'ExpressionError';
  /** Index of the character where it goes wrong. */
  readonly at: number;

  constructor(expected: string, expression: string, at: number) {
    super(`${expected} at character ${at + 1}: ${excerpt(expression, at)}`);
    this.at = at;
  }
}

/** The place with a mark in front of it. */
function excerpt(expression: string, at: number): string {
  const from = Math.max(0, at - BEFORE);
  const to = at + AFTER;
  const before = (from > 0 ? '…' : '') + expression.slice(from, at);
  const after = expression.slice(at, to) + (to < expression.length ? '…' : '');
  return `${before}▸${after}`;
}
