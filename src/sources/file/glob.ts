/**
 * Glob patterns of file paths: `*` and `?` within a name, `**` as a whole name for any number of folders, `[a-z]`,
 * `[!a-z]`, `{a,b}`, and a backslash before a character that stands for itself. Names that begin with a dot match
 * like any others. Knows nothing of the file system: the walk is in discovery.ts.
 */
import { resolve } from 'node:path';

/** One name of a pattern: text that stands for itself, a regular expression, or any number of folders. */
export type Step = string | RegExp | typeof ANY_FOLDERS;

/** Most alternatives the braces of one pattern may stand for: each is a walk of its own through the folders. */
export const MAX_ALTERNATIVES = 1024;

/** The step `**`. */
export const ANY_FOLDERS = Symbol('**');

/**
 * The steps from the root of each alternative of a pattern; a relative pattern starts at the working directory.
 * @throws SyntaxError that names the pattern, when a bracket or brace in it is not closed, or when its braces stand for
 * more than `MAX_ALTERNATIVES` patterns.
 */
export function parseGlob(pattern: string): Step[][] {
  return expandBraces(pattern).map((alternative) =>
    resolve(alternative)
      .split('/')
      .filter((name) => name !== '')
      .map((name) => parseStep(name, pattern)),
  );
}

/**
 * A test of absolute paths against patterns. A pattern without a slash is tested against the last name only, one that
 * ends in a slash and `**` matches the folder before it too.
 * @throws SyntaxError as `parseGlob` does.
 */
export function pathMatcher(patterns: readonly string[]): (path: string) => boolean {
  const whole: RegExp[] = [];
  const names: RegExp[] = [];
  for (const pattern of patterns) {
    if (pattern.includes('/')) whole.push(...parseGlob(pattern).map(pathRegExp));
    else
      for (const name of expandBraces(pattern))
        names.push(new RegExp(`^${nameSource(name, pattern)}$`, 'su'));
  }
  return (path) => {
    const name = path.slice(path.lastIndexOf('/') + 1);
    return names.some((regExp) => regExp.test(name)) || whole.some((regExp) => regExp.test(path));
  };
}

/**
 * The patterns that `{a,b}` stands for; `{a}` without a comma stands for `a`.
 * @throws SyntaxError as `parseGlob` does.
 */
export function expandBraces(pattern: string): string[] {
  const alternatives: string[] = [];
  // One at a time and in order, so that too many are noticed before they have taken time and memory.
  const waiting = [pattern];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const parts = expandFirst(next);
    if (parts !== undefined) waiting.push(...parts.reverse());
    else if (alternatives.push(next) > MAX_ALTERNATIVES) {
      throw new SyntaxError(
        `the pattern ${pattern} has braces that stand for more than ${MAX_ALTERNATIVES} patterns; use * or ? for some of them`,
      );
    }
  }
  return alternatives;
}

/** The patterns that differ in what stands for the first brace; undefined when there is none. */
function expandFirst(pattern: string): string[] | undefined {
  const open = indexOutsideBrackets(pattern, '{', 0);
  if (open < 0) return undefined;
  const parts: string[] = [];
  let depth = 0;
  let start = open + 1;
  for (let at = open; at < pattern.length; at++) {
    const character = pattern[at];
    if (character === '\\') at++;
    else if (character === '{') depth++;
    else if (character === ',' && depth === 1) {
      parts.push(pattern.slice(start, at));
      start = at + 1;
    } else if (character === '}' && --depth === 0) {
      parts.push(pattern.slice(start, at));
      const before = pattern.slice(0, open);
      const after = pattern.slice(at + 1);
      return parts.map((part) => before + part + after);
    }
  }
  throw new SyntaxError(`the pattern ${pattern} has a { without its }; write \\{ for the character itself`);
}

function indexOutsideBrackets(pattern: string, wanted: string, from: number): number {
  for (let at = from; at < pattern.length; at++) {
    if (pattern[at] === '\\') at++;
    else if (pattern[at] === wanted) return at;
    else if (pattern[at] === '[') {
      const close = classEnd(pattern, at);
      if (close > 0) at = close;
    }
  }
  return -1;
}

function parseStep(name: string, pattern: string): Step {
  if (name === '**') return ANY_FOLDERS;
  if (!/[*?[]/.test(name.replaceAll(/\\./gsu, ''))) return name.replaceAll(/\\(.)/gsu, '$1');
  return new RegExp(`^${nameSource(name, pattern)}$`, 'su');
}

function pathRegExp(steps: readonly Step[]): RegExp {
  let source = '^';
  for (const step of steps) {
    if (step === ANY_FOLDERS) source += '(?:/[^/]+)*';
    else if (typeof step === 'string') source += `/${literal(step)}`;
    else source += `/${step.source.slice(1, -1)}`;
  }
  return new RegExp(`${source}$`, 'su');
}

/** The regular expression of one name. */
function nameSource(name: string, pattern: string): string {
  let source = '';
  for (let at = 0; at < name.length; at++) {
    const character = String.fromCodePoint(name.codePointAt(at)!);
    if (character === '*') {
      while (name[at + 1] === '*') at++;
      source += '[^/]*';
    } else if (character === '?') source += '[^/]';
    else if (character === '[') {
      const close = classEnd(name, at);
      if (close < 0) {
        throw new SyntaxError(
          `the pattern ${pattern} has a [ without its ]; write \\[ for the character itself`,
        );
      }
      const negated = name[at + 1] === '!' || name[at + 1] === '^';
      const members = name.slice(at + (negated ? 2 : 1), close).replaceAll(/[\\[\]^&|~]/gu, '\\$&');
      source += `(?!/)[${negated ? '^' : ''}${members}]`;
      at = close;
    } else if (character === '\\' && at + 1 < name.length) {
      const escaped = String.fromCodePoint(name.codePointAt(at + 1)!);
      source += literal(escaped);
      at += escaped.length;
    } else {
      source += literal(character);
      at += character.length - 1;
    }
  }
  return source;
}

/** Index of the `]` that closes the class opened at `open`, or -1. A `]` right behind the opening is a member. */
function classEnd(text: string, open: number): number {
  let at = open + 1;
  if (text[at] === '!' || text[at] === '^') at++;
  return text.indexOf(']', at + 1);
}

function literal(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|/]/gu, '\\$&');
}
