// biome-ignore-all lint/suspicious/noTemplateCurlyInString: ${NAME} is how a configuration names a variable
/**
 * Keeps what came from the environment out of messages, because it may be a secret. Messages in a component's own words
 * may quote any part of a value, so they are compared with those about a masked configuration, in which each variable
 * holds a mark with its own name. Knows nothing of particular keys. Called by load.ts.
 */
import type { Environment } from './env.ts';
import type { Complaint } from './explain.ts';
import type { Path } from './problem.ts';

/** A value that holds variables. */
export interface FromEnvironment {
  readonly path: Path;
  /** As it stands in the file. */
  readonly written: string;
}

/** Shorter runs of characters, shared by a message and a value, are chance. */
const TELLING_CHARACTERS = 4;

/** Stands for what the variable holds. Made of what is accepted in ids, the narrowest of texts. */
const mark = (name: string) => `VAR.${name}.VAR`;
const MARK = /VAR\.([A-Za-z_][A-Za-z0-9_]*)\.VAR/g;

/** Variables as they are in the masked configuration; those that are unset or empty stay so. */
export function maskEnvironment(environment: Environment): Environment {
  return Object.fromEntries(
    Object.entries(environment).map(([name, value]) => [name, value ? mark(name) : value]),
  );
}

/**
 * The complaints with no content of a variable in them.
 * @param masked complaints about the masked configuration.
 */
export function withoutSecrets(
  complaints: readonly Complaint[],
  masked: readonly Complaint[],
  values: readonly FromEnvironment[],
  environment: Environment,
): Complaint[] {
  const contents = new Map<string, string>();
  for (const { written } of values) {
    for (const [, name] of written.matchAll(/\$\{([A-Za-z_][A-Za-z0-9_]*)/g)) {
      const content = environment[name!];
      if (content) contents.set(content, `\${${name}}`);
    }
  }
  return complaints.map((complaint) => {
    if (complaint.mayQuote !== true) return complaint;
    const twins = masked
      .filter(({ path }) => samePath(path, complaint.path))
      .map(({ message }) => message.replaceAll(MARK, '${$1}'));
    if (twins.includes(complaint.message)) return complaint;
    const isConstant = /^(?:found .*?; )?expected /s.test(complaint.message);
    if (isConstant && ![...contents.keys()].some((content) => tells(complaint.message, content))) {
      return complaint;
    }
    const message = twins[0] ?? neutral(complaint, values) ?? replaced(complaint.message, contents);
    return { ...complaint, message };
  });
}

/** Where the values at or below the path come from the environment and more cannot be said. */
function neutral({ path }: Complaint, values: readonly FromEnvironment[]): string | undefined {
  const inside = values.filter((value) => path.every((part, index) => value.path[index] === part));
  if (inside.length === 0) return undefined;
  const written = inside.map((value) => value.written).join(', ');
  return `found ${written}; not accepted with what the environment holds`;
}

/** What is compared between keys far apart: the contents that can be recognised are replaced by the variables' names. */
function replaced(message: string, contents: ReadonlyMap<string, string>): string {
  let text = message;
  for (const [content, name] of [...contents].sort(([a], [b]) => b.length - a.length)) {
    for (const form of [content, JSON.stringify(content).slice(1, -1)]) {
      if (form.length >= TELLING_CHARACTERS) text = text.replaceAll(form, () => name);
    }
  }
  return text;
}

/** Whether the message has a part of the content in it, or all of one that is short. */
function tells(message: string, content: string): boolean {
  const length = Math.min(content.length, TELLING_CHARACTERS);
  for (let at = 0; at + length <= content.length; at++) {
    if (message.includes(content.slice(at, at + length))) return true;
  }
  return false;
}

function samePath(a: Path, b: Path): boolean {
  return a.length === b.length && a.every((part, index) => part === b[index]);
}
