// biome-ignore-all lint/suspicious/noTemplateCurlyInString: ${NAME} is how a configuration names a variable
/**
 * Environment variables in the values of a configuration: `${NAME}`, `${NAME:-default}`, and `$$` for a dollar sign.
 * Works on parsed scalars, so a variable's content can never add keys or change the structure; keys and comments are
 * left alone. Called by load.ts before validation.
 */
import { type Document, isPair, isScalar, isSeq, type Node, Scalar, type ScalarTag, visit } from 'yaml';
import type { Path } from './problem.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** Text in which something could not be expanded. The message says what, and what to do. */
export class ExpansionError extends Error {
  override readonly name = 'ExpansionError';
}

const NAME = /[A-Za-z_][A-Za-z0-9_]*/y;

/**
 * The text with its variables replaced. A default is used where the variable is unset or empty, as in a POSIX shell
 * (https://pubs.opengroup.org/onlinepubs/9799919799/utilities/V3_chap02.html, 2.6.2), and may hold variables itself.
 * A `$` before anything but `$` and `{` stands for itself. Throws `ExpansionError`.
 */
export function expandText(text: string, environment: Environment): string {
  const { value, end } = expandUntil(text, 0, environment, false, true);
  // Only a default stops early, at its brace.
  return end === text.length ? value : value + text.slice(end);
}

/** Expands from `at` on, up to the end or, inside a default, to its closing brace. `used`: the result will be used, so unset variables matter. */
function expandUntil(
  text: string,
  at: number,
  environment: Environment,
  insideDefault: boolean,
  used: boolean,
): { value: string; end: number } {
  let value = '';
  while (at < text.length) {
    if (insideDefault && text[at] === '}') return { value, end: at };
    if (text.startsWith('$$', at)) {
      value += '$';
      at += 2;
    } else if (text.startsWith('${', at)) {
      const expanded = expandVariable(text, at, environment, used);
      value += expanded.value;
      at = expanded.end;
    } else {
      value += text[at++];
    }
  }
  if (insideDefault) throw new ExpansionError(`"\${" without its "}"; write $$ for a dollar sign`);
  return { value, end: at };
}

function expandVariable(text: string, start: number, environment: Environment, used: boolean) {
  NAME.lastIndex = start + 2;
  const name = NAME.exec(text)?.[0];
  const behind = start + 2 + (name?.length ?? 0);
  if (name !== undefined && text[behind] === '}') {
    const value = environment[name];
    if (value === undefined && used) {
      throw new ExpansionError(
        `environment variable ${name} is not set; set it, or give a default: \${${name}:-value}`,
      );
    }
    return { value: value ?? '', end: behind + 1 };
  }
  if (name === undefined || !text.startsWith(':-', behind)) {
    const close = text.indexOf('}', start);
    const written = close === -1 ? text.slice(start) : text.slice(start, close + 1);
    throw new ExpansionError(
      `"${written}" is no variable; expected \${NAME} or \${NAME:-default}, and $$ for a dollar sign`,
    );
  }
  const current = environment[name];
  const given = current !== undefined && current !== '';
  const fallback = expandUntil(text, behind + 2, environment, true, used && !given);
  return { value: given ? current : fallback.value, end: fallback.end + 1 };
}

/** A value that could not be expanded. */
export interface Unexpanded {
  readonly path: Path;
  readonly node: Node;
  readonly message: string;
}

/**
 * Expands every scalar value of the document in place. An unquoted one is then read anew by YAML's rules, so that
 * `port: ${PORT:-8401}` is a number; a quoted one stays text. Returns what failed; those scalars keep their text.
 */
export function expandDocument(document: Document, environment: Environment): Unexpanded[] {
  const failed: Unexpanded[] = [];
  visit(document, {
    Scalar(key, node, ancestors) {
      if (key === 'key' || typeof node.value !== 'string' || !node.value.includes('$')) return;
      try {
        const text = expandText(node.value, environment);
        if (text === node.value) return;
        node.value =
          node.type === Scalar.PLAIN && node.tag === undefined ? resolvePlain(document, text) : text;
      } catch (error) {
        if (!(error instanceof ExpansionError)) throw error;
        failed.push({ path: pathOf([...ancestors, node]), node, message: error.message });
      }
    },
  });
  return failed;
}

/** The path of the last of these nodes, each of which holds the next. */
function pathOf(chain: readonly unknown[]): Path {
  return chain.flatMap((node, index): Path => {
    if (isPair(node)) return [String(isScalar(node.key) ? node.key.value : node.key)];
    return isSeq(node) ? [node.items.indexOf(chain[index + 1])] : [];
  });
}

/** What an unquoted scalar of that text is in YAML: text, number, boolean or null. */
function resolvePlain(document: Document, text: string): unknown {
  const isMatch = (tag: object): tag is ScalarTag =>
    'test' in tag &&
    tag.test instanceof RegExp &&
    'default' in tag &&
    tag.default === true &&
    tag.test.test(text);
  const tag = document.schema!.tags.find(isMatch);
  if (tag === undefined) return text;
  const resolved = tag.resolve(text, () => undefined, {});
  return isScalar(resolved) ? resolved.value : resolved;
}
