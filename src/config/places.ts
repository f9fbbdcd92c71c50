/**
 * Where components read and write: two that cannot share a place, and sinks that write what their own source reads.
 * Works on data that may be wrong elsewhere, and looks at no file. Called by checks.ts.
 */
import { basename, dirname, matchesGlob, resolve, sep } from 'node:path';
import { z } from 'zod';
import { type Complaint, valueAt } from './explain.ts';
import type { Path } from './problem.ts';
import type { Registry } from './schema.ts';
import { selects } from './selection.ts';
import { suggest } from './suggest.ts';

interface Source {
  readonly index: number;
  readonly id: string;
  readonly type: unknown;
  readonly labels: Readonly<Record<string, unknown>>;
  readonly include: readonly string[];
  readonly exclude: readonly string[];
}

interface Sink {
  readonly index: number;
  readonly entry: unknown;
  /** Sources whose logs it takes. */
  readonly takes: readonly Source[];
}

/** Braces of one pattern that stand for more than this are not looked into (the file source refuses them). */
const MAX_ALTERNATIVES = 1024;
const FILES = 'file';
const STANDARD_INPUT = 'stdin';

/** Every fault between places of `data`, a configuration as written. */
export function checkPlaces(data: unknown, registry: Registry): Complaint[] {
  const sources = list(data, 'sources').map((entry, index) => sourceOf(entry, index, registry));
  const sinks = list(data, 'sinks').map((entry, index): Sink => {
    const written = valueAt(entry, ['sources']) ?? ['*'];
    const patterns = texts(written);
    return { index, entry, takes: sources.filter(({ id }) => id !== '' && selects(patterns, id)) };
  });
  const stateDir = valueAt(data, ['state_dir']) ?? './data';
  return [
    ...readTwice(sources),
    ...writtenTwice(sinks),
    ...loops(sinks, sources, typeof stateDir === 'string' ? resolve(stateDir) : sep),
    ...missingLabels(sinks),
  ];
}

function list(data: unknown, key: string): readonly unknown[] {
  const value = valueAt(data, [key]);
  return Array.isArray(value) ? value : [];
}

function texts(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((each) => typeof each === 'string') : [];
}

function sourceOf(entry: unknown, index: number, registry: Registry): Source {
  const type = valueAt(entry, ['type']);
  const id = valueAt(entry, ['id']);
  const labels = valueAt(entry, ['labels']);
  // The exclusions that hold when none are written are in the schema.
  const schema = registry.sources.find((spec) => spec.type === type)?.schema.shape.exclude;
  const exclude = valueAt(entry, ['exclude']) ?? (schema && z.safeParse(schema, undefined).data);
  return {
    index,
    id: typeof id === 'string' ? id : '',
    type,
    labels: typeof labels === 'object' && labels !== null ? (labels as Record<string, unknown>) : {},
    include: type === FILES ? texts(valueAt(entry, ['include'])) : [],
    exclude: texts(exclude),
  };
}

function complaint(path: Path, message: string): Complaint {
  return { path, about: 'value', message, mayQuote: true };
}

function readTwice(sources: readonly Source[]): Complaint[] {
  const [first, ...others] = sources.filter(({ type }) => type === STANDARD_INPUT);
  return others.map(({ index }) =>
    complaint(
      ['sources', index, 'type'],
      `sources[${first!.index}] reads standard input already, and each line can be read once; expected one source of type ${STANDARD_INPUT}`,
    ),
  );
}

/** One path that a sink writes, for one source and one of the patterns of files it reads. */
interface Destination {
  readonly source: Source;
  readonly path: string;
}

/** Empty where the sink writes no files. A placeholder whose value is not known yet stands for an example of it. */
function destinations({ entry, takes }: Sink): Destination[] {
  const template = valueAt(entry, ['path']);
  if (valueAt(entry, ['type']) !== FILES || typeof template !== 'string') return [];
  return takes.flatMap((source) => {
    const names = source.include.length === 0 ? ['{file}'] : source.include.map(exampleName);
    return names.map((name) => ({ source, path: resolve(fillIn(template, source, name)) }));
  });
}

/** Of a pattern's last name, with the first of what braces stand for; a wildcard in it matches itself. */
function exampleName(pattern: string): string {
  return basename(pattern.replace(/\{([^{},]*)[^{}]*\}/g, '$1'));
}

function fillIn(template: string, source: Source, file: string): string {
  return template.replace(/\{([^{}]*)\}/g, (written: string, name: string) => {
    if (name === 'source') return source.id;
    if (name === 'file') return file;
    if (name === 'date') return '2026-01-01';
    const label = name.startsWith('label.') ? source.labels[name.slice('label.'.length)] : undefined;
    return typeof label === 'string' ? label.replaceAll('/', '_') : written;
  });
}

function writtenTwice(sinks: readonly Sink[]): Complaint[] {
  const writers = new Map<string, number>();
  return sinks.flatMap((sink) => {
    const paths = [...new Set(destinations(sink).map(({ path }) => path))];
    const other = paths.map((path) => writers.get(path)).find((index) => index !== undefined);
    for (const path of paths) writers.set(path, writers.get(path) ?? sink.index);
    if (other === undefined) return [];
    const message = `sinks[${other}] writes to the same file; two writers would damage it: give each sink a path of its own`;
    return [complaint(['sinks', sink.index, 'path'], message)];
  });
}

/** Files that a source reads and that are written, at once or by way of other sources, with the logs of that source. */
function loops(sinks: readonly Sink[], sources: readonly Source[], stateDir: string): Complaint[] {
  const edges = sinks.flatMap((sink) =>
    destinations(sink).flatMap(({ source, path }) =>
      sources
        .filter((reader) => reads(reader, path, stateDir))
        .map((reader) => ({ sink, from: source, to: reader })),
    ),
  );
  const reachable = (from: Source, seen: Set<Source>): Set<Source> => {
    for (const edge of edges) {
      if (edge.from !== from || seen.has(edge.to)) continue;
      seen.add(edge.to);
      reachable(edge.to, seen);
    }
    return seen;
  };
  return sinks.flatMap((sink) => {
    const edge = edges.find(
      (each) => each.sink === sink && (each.to === each.from || reachable(each.to, new Set()).has(each.from)),
    );
    if (edge === undefined) return [];
    const message =
      `what is written here is read again by sources[${edge.to.index}] (${edge.to.id}), without end; ` +
      'write to another folder, or add the path to "exclude" of that source';
    return [complaint(['sinks', sink.index, 'path'], message)];
  });
}

function reads({ include, exclude }: Source, path: string, stateDir: string): boolean {
  const folders = [path];
  while (dirname(folders.at(-1)!) !== folders.at(-1)) folders.push(dirname(folders.at(-1)!));
  // The file source leaves out what the agent writes there.
  if (folders.includes(stateDir)) return false;
  const covers = (pattern: string, candidate: string) =>
    alternatives(pattern) <= MAX_ALTERNATIVES && matchesGlob(candidate, resolve(pattern));
  if (!include.some((pattern) => covers(pattern, path))) return false;
  // A pattern that covers a folder leaves out everything below it.
  return !exclude.some((pattern) =>
    folders.some((each) =>
      pattern.includes('/')
        ? covers(pattern, each)
        : alternatives(pattern) <= MAX_ALTERNATIVES && matchesGlob(basename(each), pattern),
    ),
  );
}

/** At least as many as the patterns that the braces stand for. */
function alternatives(pattern: string): number {
  let count = 1;
  for (const [list] of pattern.matchAll(/\{[^{}]*/g)) count *= list.split(',').length;
  return count;
}

/** `{label.NAME}` anywhere in a sink that no source of it has: the text would be empty. */
function missingLabels(sinks: readonly Sink[]): Complaint[] {
  return sinks.flatMap(({ index, entry, takes }) => {
    if (takes.length === 0) return [];
    const known = [...new Set(takes.flatMap(({ labels }) => Object.keys(labels)))];
    return [...textsWithin(entry, ['sinks', index])].flatMap(([path, text]) =>
      [...text.matchAll(/\{label\.([^\s{}]+)\}/g)].flatMap(([placeholder, name]) => {
        if (known.includes(name!)) return [];
        const meant = suggest(name!, known);
        const there = known.length === 0 ? 'they have none' : `there are: ${known.join(', ')}`;
        const advice = meant === undefined ? there : `did you mean {label.${meant}}?`;
        return [complaint(path, `${placeholder}: no source that goes here has this label; ${advice}`)];
      }),
    );
  });
}

function* textsWithin(value: unknown, path: Path): Generator<[Path, string]> {
  if (typeof value === 'string') yield [path, value];
  if (typeof value !== 'object' || value === null) return;
  for (const [key, inner] of Object.entries(value)) {
    yield* textsWithin(inner, [...path, Array.isArray(value) ? Number(key) : key]);
  }
}
