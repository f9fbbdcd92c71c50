/**
 * Names of sources as operators write them: the id of a stream (a path, a container's id or name), the id of a
 * configured source (all its streams), or a glob of either. Used by on-demand rules and by `tracing.exclude`.
 * Globs: `*` and `?` stand for characters other than `/`, `**` for any, `[a-z]` and `[!a-z]` for one of a set, `{a,b}`
 * for alternatives. Matching takes time linear in the name, whatever the pattern: patterns come over the network.
 */
import type { Stream } from '../../record/stream.ts';

/** How closely a pattern names a stream: 0 not at all, by a glob, by its configured source, exactly. */
export const Closeness = { none: 0, glob: 1, source: 2, exact: 3 } as const;
export type Closeness = (typeof Closeness)[keyof typeof Closeness];

export type Named = Pick<Stream, 'id' | 'source' | 'path'>;

/** Alternatives that braces may make. */
const MAX_ALTERNATIVES = 64;

export class SourcePattern {
  readonly text: string;
  readonly #globs: readonly Glob[];

  /** @throws Error that says what is wrong with a glob. */
  constructor(text: string) {
    this.text = text;
    this.#globs = /[*?[{]/.test(text) ? expandBraces(text).map(compile) : [];
  }

  closeness({ id, source, path }: Named): Closeness {
    if (this.text === id || this.text === path) return Closeness.exact;
    if (this.text === source) return Closeness.source;
    const matches = this.#globs.some(
      (glob) =>
        matchGlob(glob, id) || matchGlob(glob, source) || (path !== undefined && matchGlob(glob, path)),
    );
    return matches ? Closeness.glob : Closeness.none;
  }
}

/** Part of a glob: one character that passes the test, or any number of them. */
interface Part {
  readonly passes: (character: string) => boolean;
  readonly many: boolean;
}
type Glob = readonly Part[];

function expandBraces(text: string): string[] {
  const done: string[] = [];
  // `**/` also stands for no folder at all.
  let open = [text.replace(/(?<=^|\/)\*\*\//g, '{,**/}')];
  while (open.length > 0) {
    const next: string[] = [];
    for (const pattern of open) {
      // The innermost braces first: they hold no others.
      const braces = /\{([^{}]*)\}/.exec(pattern);
      if (braces === null) {
        done.push(pattern);
        continue;
      }
      const before = pattern.slice(0, braces.index);
      const behind = pattern.slice(braces.index + braces[0].length);
      for (const alternative of braces[1]!.split(',')) next.push(before + alternative + behind);
    }
    if (done.length + next.length > MAX_ALTERNATIVES) {
      throw new Error(`braces and **/ make more than ${MAX_ALTERNATIVES} patterns; use a wider glob`);
    }
    open = next;
  }
  return done;
}

function compile(pattern: string): Glob {
  const parts: Part[] = [];
  const characters = Array.from(pattern);
  for (let at = 0; at < characters.length; at++) {
    const character = characters[at]!;
    if (character === '*') {
      const any = characters[at + 1] === '*';
      if (any) at++;
      parts.push({ passes: any ? () => true : notSlash, many: true });
    } else if (character === '?') {
      parts.push({ passes: notSlash, many: false });
    } else if (character === '[') {
      const end = characters.indexOf(']', at + 2);
      if (end === -1) throw new Error('"[" without its "]"');
      parts.push({ passes: characterSet(characters.slice(at + 1, end)), many: false });
      at = end;
    } else {
      parts.push({ passes: (other) => other === character, many: false });
    }
  }
  return parts;
}

function notSlash(character: string): boolean {
  return character !== '/';
}

function characterSet(body: readonly string[]): (character: string) => boolean {
  const negated = body[0] === '!' || body[0] === '^';
  const ranges: [string, string][] = [];
  for (let at = negated ? 1 : 0; at < body.length; at++) {
    if (body[at + 1] === '-' && at + 2 < body.length) {
      ranges.push([body[at]!, body[at + 2]!]);
      at += 2;
    } else {
      ranges.push([body[at]!, body[at]!]);
    }
  }
  return (character) =>
    character !== '/' && ranges.some(([low, high]) => character >= low && character <= high) !== negated;
}

/** Follows all ways through the glob at once: `reached[i]` says that the text so far passes its first i parts. */
function matchGlob(glob: Glob, text: string): boolean {
  let reached = skipMany(glob, Uint8Array.of(1, ...new Uint8Array(glob.length)));
  for (const character of text) {
    const next = new Uint8Array(glob.length + 1);
    for (let i = 0; i < glob.length; i++) {
      if (reached[i] === 0 || !glob[i]!.passes(character)) continue;
      next[glob[i]!.many ? i : i + 1] = 1;
    }
    reached = skipMany(glob, next);
  }
  return reached[glob.length] === 1;
}

/** A part that stands for any number of characters stands for none too. */
function skipMany(glob: Glob, reached: Uint8Array): Uint8Array {
  for (let i = 0; i < glob.length; i++) {
    if (reached[i] === 1 && glob[i]!.many) reached[i + 1] = 1;
  }
  return reached;
}
