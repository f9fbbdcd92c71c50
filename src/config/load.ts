/**
 * From a file to a configuration: read, parse, expand the environment, validate, check relations.
 * Either everything is right, or a `ConfigError` lists all that is wrong. Starts nothing, changes nothing.
 * Called by the commands, and by whoever reloads.
 */
import { readFile } from 'node:fs/promises';
import { isAlias, isScalar } from 'yaml';
import { checkRelations } from './checks.ts';
import { ConfigDocument, type Position } from './document.ts';
import { type Environment, expandDocument } from './env.ts';
import { type Complaint, validate } from './explain.ts';
import { MASK, Secrets } from './hidden.ts';
import { ConfigError, type Path, type Problem } from './problem.ts';
import { type Config, configSchema, type Registry } from './schema.ts';
import { type FromEnvironment, maskEnvironment, withoutSecrets } from './secrets.ts';

export interface LoadOptions {
  readonly registry: Registry;
  readonly environment: Environment;
}

/** Reads and checks a configuration file. Throws `ConfigError`. */
export async function loadConfig(file: string, options: LoadOptions): Promise<Config> {
  let bytes: Buffer;
  try {
    bytes = await readFile(file);
  } catch (error) {
    throw fileProblem(file, explainReadError(error as NodeJS.ErrnoException));
  }
  return parseConfig(decode(file, bytes), file, options);
}

/** Checks a configuration given as text; `file` is what problems are reported against. Throws `ConfigError`. */
export function parseConfig(text: string, file: string, { registry, environment }: LoadOptions): Config {
  const document = new ConfigDocument(text);
  if (document.problems.length > 0) {
    throw configError(
      document.problems.map(({ offset, message }) => ({
        file,
        ...document.positionOf(offset),
        path: [],
        message,
      })),
    );
  }
  const unexpanded = expandDocument(document.yaml, environment).map(({ path, node, message }) => ({
    file,
    ...document.positionOf(node.range?.[0] ?? 0),
    path,
    message,
  }));
  const data = plainValue(document, file);
  const secrets = new Secrets(data, registry);
  const result = validate(configSchema(registry), data, (path) => shownAs(document, path, secrets));
  const complaints = [...(result.ok ? [] : result.complaints), ...checkRelations(data, registry)];
  const values = valuesFromEnvironment(document);
  const shown =
    complaints.length === 0 || values.length === 0
      ? complaints
      : withoutSecrets(
          complaints,
          maskedComplaints(text, file, { registry, environment }),
          values,
          environment,
        );
  const problems = shown.map((complaint) => locate(secrets.hide(complaint), document, file));
  // A value that could not be expanded is wrong in no other way.
  const fresh = problems.filter((problem) => !unexpanded.some((other) => samePlace(other, problem)));
  if (result.ok && unexpanded.length + fresh.length === 0) return result.value as Config;
  throw configError([...unexpanded, ...fresh]);
}

/** What is wrong with the same configuration when each variable holds its own name. */
function maskedComplaints(text: string, file: string, { registry, environment }: LoadOptions): Complaint[] {
  const document = new ConfigDocument(text);
  expandDocument(document.yaml, maskEnvironment(environment));
  const data = plainValue(document, file);
  const secrets = new Secrets(data, registry);
  const result = validate(configSchema(registry), data, (path) => shownAs(document, path, secrets));
  return [...(result.ok ? [] : result.complaints), ...checkRelations(data, registry)];
}

/** The document as data, without the root's `x-…` keys: a place for anchors. */
function plainValue(document: ConfigDocument, file: string): unknown {
  let value: unknown;
  try {
    value = document.value();
  } catch {
    // What is left to go wrong, after the document's own checks, is yaml's guard against exponential aliases.
    throw fileProblem(file, 'aliases expand to too many values; write them out');
  }
  if (value === null || value === undefined) {
    throw fileProblem(file, 'the file is empty; expected a configuration with "sources" and "sinks"');
  }
  if (typeof value !== 'object' || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).filter(([key]) => !key.startsWith('x-')));
}

function locate({ path, about, message }: Complaint, document: ConfigDocument, file: string): Problem {
  const position = about === 'key' ? document.positionOfKey(path) : document.positionOfValue(path);
  return { file, ...position, path, message };
}

/** Every value that holds variables. Behind an alias it is found where the alias stands, too. */
function valuesFromEnvironment(document: ConfigDocument): FromEnvironment[] {
  const found: FromEnvironment[] = [];
  const walk = (value: unknown, path: Path): void => {
    if (typeof value === 'object' && value !== null) {
      for (const [key, inner] of Object.entries(value)) {
        walk(inner, [...path, Array.isArray(value) ? Number(key) : key]);
      }
      return;
    }
    const written = writtenAs(document, path);
    if (written !== undefined) found.push({ path, written });
  };
  walk(document.value(), []);
  return found;
}

/** How a value is shown where it may be secret; undefined: as it is. */
function shownAs(document: ConfigDocument, path: Path, secrets: Secrets): string | undefined {
  const written = writtenAs(document, path);
  if (!secrets.has(path)) return written;
  // A name is no secret; text around it, or a default, may be one.
  return written !== undefined && /^\$\{\w+\}$/.test(written) ? written : MASK;
}

/** What holds variables, as it stands in the file: messages show that, for what they stand for may be secret. */
function writtenAs(document: ConfigDocument, path: Path): string | undefined {
  const node = document.nodeAt(path);
  const scalar = isAlias(node) ? node.resolve(document.yaml) : node;
  return isScalar(scalar) && scalar.source?.includes('${') ? scalar.source : undefined;
}

function samePlace(a: Position, b: Position): boolean {
  return a.line === b.line && a.column === b.column;
}

function configError(problems: readonly Problem[]): ConfigError {
  return new ConfigError(problems.toSorted((a, b) => a.line - b.line || a.column - b.column));
}

function fileProblem(file: string, message: string): ConfigError {
  return new ConfigError([{ file, line: 0, column: 0, path: [], message }]);
}

function explainReadError(error: NodeJS.ErrnoException): string {
  switch (error.code) {
    case 'ENOENT':
      return 'there is no such file; check the path given with --config';
    case 'EISDIR':
      return 'this is a directory; give the path of a configuration file';
    case 'EACCES':
    case 'EPERM':
      return 'no permission to read this file; change its mode or run as a user who may read it';
    default:
      return `cannot be read: ${error.message}`;
  }
}

/** The text of UTF-8 bytes, without a byte order mark. */
function decode(file: string, bytes: Buffer): string {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  try {
    return decoder.decode(bytes);
  } catch {
    let line = 1;
    for (let from = 0; from < bytes.length; line++) {
      const newline = bytes.indexOf(0x0a, from);
      const to = newline === -1 ? bytes.length : newline + 1;
      try {
        decoder.decode(bytes.subarray(from, to));
      } catch {
        break;
      }
      from = to;
    }
    const message = 'this line is not UTF-8 text; save the file as UTF-8';
    throw new ConfigError([{ file, line, column: 1, path: [], message }]);
  }
}
