/**
 * Validates plain data with a zod schema and says what is wrong in the words of an operator: what was found, what is
 * accepted, what was probably meant. Knows nothing of YAML or of particular keys.
 */
import { z } from 'zod';
import { expectation } from '../component/expectation.ts';
import { withoutCredentials } from './hidden.ts';
import type { Path } from './problem.ts';
import { suggest } from './suggest.ts';

/** Something wrong at a path: with the value there, or with the key itself. */
export interface Complaint {
  readonly path: Path;
  readonly about: 'key' | 'value';
  readonly message: string;
  /** True where the message is in a component's own words, which may quote any part of a value. */
  readonly mayQuote?: true;
}

export type Validated<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly complaints: Complaint[] };

type Issue = z.core.$ZodIssue;

/** What every conversion of an issue needs to know. */
interface Subject {
  readonly data: unknown;
  /** Keys that the schema knows, for each mapping that has others. */
  readonly knownKeys: ReadonlyMap<unknown, readonly string[]>;
  /** How the value at a path is to be shown, when not as it is. */
  readonly shownAs: (path: Path) => string | undefined;
}

/**
 * Checks `data`. `shownAs` may replace a value in messages: values from the environment may be secrets.
 * A schema's own error text is used as it is when it does not start with "expected"; otherwise what was found is put before it.
 */
export function validate<Schema extends z.ZodType>(
  schema: Schema,
  data: unknown,
  shownAs: (path: Path) => string | undefined = () => undefined,
): Validated<z.output<Schema>> {
  const knownKeys = new Map<unknown, readonly string[]>();
  const result = schema.safeParse(data, {
    error(issue) {
      if (issue.code === 'unrecognized_keys' && issue.inst instanceof z.ZodObject) {
        knownKeys.set(issue.input, Object.keys(issue.inst.shape));
      }
      return expectation(issue);
    },
  });
  if (result.success) return { ok: true, value: result.data };
  const subject = { data, knownKeys, shownAs };
  return { ok: false, complaints: result.error.issues.flatMap((issue) => explain(issue, [], subject)) };
}

function explain(issue: Issue, prefix: Path, subject: Subject): Complaint[] {
  const path = [...prefix, ...issue.path.map((part) => (typeof part === 'number' ? part : String(part)))];
  if (issue.code === 'unrecognized_keys') {
    const known = subject.knownKeys.get(valueAt(subject.data, path)) ?? [];
    return issue.keys.map((key) => ({ path: [...path, key], about: 'key', message: unknownKey(key, known) }));
  }
  if (issue.code === 'invalid_key') {
    // Keys cannot come from the environment.
    const found = JSON.stringify(path.at(-1));
    return [{ path, about: 'key', message: `found ${found}; ${issue.issues[0]?.message ?? issue.message}` }];
  }
  if (issue.code === 'invalid_union' && issue.message === '') {
    // The alternative that came furthest is the one that was meant.
    const depth = (issues: readonly Issue[]) => Math.max(...issues.map((inner) => inner.path.length));
    const meant = issue.errors.toSorted((a, b) => depth(b) - depth(a))[0] ?? [];
    if (depth(meant) > 0) return meant.flatMap((inner) => explain(inner, path, subject));
    const accepted = new Set(
      issue.errors.map((inner) => (inner[0]?.message ?? '').replace(/^expected /, '')),
    );
    return [
      { path, about: 'value', message: withFound(`expected ${[...accepted].join(', or ')}`, path, subject) },
    ];
  }
  const message = withFound(issue.message, path, subject) + hint(issue, path, subject);
  return [{ path, about: 'value', message, ...(issue.code === 'custom' && { mayQuote: true }) }];
}

function unknownKey(key: string, known: readonly string[]): string {
  const meant = suggest(key, known);
  const question = meant === undefined ? '' : `did you mean "${meant}"? `;
  return `unknown key; ${question}accepted: ${known.join(', ')}`;
}

function withFound(message: string, path: Path, { data, shownAs }: Subject): string {
  if (!message.startsWith('expected ')) return message;
  const value = valueAt(data, path);
  if (value === undefined) return `missing; ${message}`;
  return `found ${shownAs(path) ?? show(value)}; ${message}`;
}

/** What to change, where that can be guessed. */
function hint(issue: Issue, path: Path, { data }: Subject): string {
  const value = valueAt(data, path);
  if (typeof value === 'string') {
    const meant = suggest(value, acceptedWords(issue));
    if (meant !== undefined) return `; did you mean "${meant}"?`;
  }
  if (value === undefined && issue.code === 'invalid_union') {
    // Without its type a component's other keys cannot be checked, so the slip of the pen must be found here.
    const siblings = valueAt(data, path.slice(0, -1));
    const meant = suggest(String(path.at(-1)), Object.keys(siblings ?? {}));
    return meant === undefined ? '' : `; is "${meant}" meant to be it?`;
  }
  if (issue.code !== 'invalid_type') return '';
  if (issue.expected === 'string' && (typeof value === 'number' || typeof value === 'boolean'))
    return '; put it in quotes';
  const wantsNumber = issue.expected === 'number' || issue.expected === 'int';
  if (wantsNumber && typeof value === 'string' && value.trim() !== '' && Number.isFinite(Number(value))) {
    return '; write it without quotes';
  }
  if (issue.expected === 'array' && typeof value === 'string') return '; a single one is written [value]';
  return '';
}

function acceptedWords(issue: Issue): string[] {
  let accepted: readonly unknown[] = [];
  if (issue.code === 'invalid_value') accepted = issue.values;
  if (issue.code === 'invalid_union' && 'options' in issue) accepted = issue.options ?? [];
  return accepted.filter((word) => typeof word === 'string');
}

/** Longest text shown in a message, in characters. */
const SHOWN_CHARACTERS = 60;

function show(value: unknown): string {
  if (typeof value === 'string') {
    const text = withoutCredentials(value);
    return JSON.stringify(text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}…` : text);
  }
  if (value === null) return 'nothing';
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list';
  if (typeof value === 'object') return Object.keys(value).length === 0 ? 'an empty mapping' : 'a mapping';
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : `a ${typeof value}`;
}

/** The value in plain data at a path; undefined where there is none. */
export function valueAt(data: unknown, path: Path): unknown {
  let value = data;
  for (const part of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return undefined;
    value = (value as Record<string | number, unknown>)[part];
  }
  return value;
}
