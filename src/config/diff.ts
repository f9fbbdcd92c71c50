/**
 * Compares two valid configurations: which sources and sinks came, went and changed, which keys apply in a running
 * agent, and which need a restart. Starts nothing and changes nothing. Called when the configuration is reloaded.
 */
import { isDeepStrictEqual } from 'node:util';
import type { ConfigChange } from '../component/status.ts';
import { filesNamedIn } from './files.ts';
import type { Config, SinkConfig, SourceConfig } from './schema.ts';

/** What became of the entries of a list, by id. */
export interface EntriesDiff<Entry> {
  readonly added: readonly Entry[];
  readonly removed: readonly string[];
  /** Must be built anew. */
  readonly replaced: readonly Entry[];
  /** Only keys changed that apply to the component as it is. */
  readonly updated: readonly Entry[];
}

export interface ConfigDiff {
  readonly sources: EntriesDiff<SourceConfig>;
  readonly sinks: EntriesDiff<SinkConfig>;
  /** All that changed, in the order of the configuration's keys. */
  readonly changes: readonly ConfigChange[];
  /** Whether anything changed that applies without a restart. */
  readonly applies: boolean;
  /** The new configuration, but with the old values of keys that need a restart: what runs once the rest is applied. */
  readonly effective: Config;
}

/** Keys of a source that do not concern what reads the logs. */
const SOURCE_KEYS: ReadonlySet<string> = new Set(['processors', 'trace_context']);
/** Keys of a sink that do not concern what delivers the logs. */
const SINK_KEYS: ReadonlySet<string> = new Set(['sources', 'buffer']);

/** Keys, or sections, outside of sources and sinks that apply without a restart. */
const LIVE = [
  'dispatcher.batch_timeout',
  'dispatcher.shutdown_timeout',
  'dispatcher.retry',
  'dead_letters.max_bytes',
  'dead_letters.max_file_bytes',
  'tracing',
  'console',
  'log',
  'reload',
  'server.allowed_hosts',
  'server.auth',
  'server.rate_limit',
  'server.tls.client_roles',
];
/** Keys inside of those that do not. */
const NOT_LIVE = ['tracing.store.memory'];

/**
 * @param isChanged whether the content of a file that both configurations name (a key that ends in `_file`) is another
 *   than when the old one was read.
 */
export function diffConfig(
  before: Config,
  after: Config,
  isChanged: (file: string) => boolean = () => false,
): ConfigDiff {
  const changes: ConfigChange[] = [];
  const sources = diffEntries(before.sources, after.sources, {
    list: 'sources',
    live: SOURCE_KEYS,
    isChanged,
    changes,
  });
  const sinks = diffEntries(before.sinks, after.sinks, {
    list: 'sinks',
    live: SINK_KEYS,
    isChanged,
    changes,
  });
  let effective: object = after;
  const { sources: _oldSources, sinks: _oldSinks, ...oldRest } = before;
  const { sources: _newSources, sinks: _newSinks, ...newRest } = after;
  for (const path of changedPaths(oldRest, newRest)) {
    const isLive = isWithin(path, LIVE) && !isWithin(path, NOT_LIVE);
    changes.push({ path: path.join('.'), action: isLive ? 'updated' : 'restart_required' });
    if (!isLive) effective = withValue(effective, path, valueAt(before, path));
  }
  // The server takes up its own certificates and tokens by itself.
  for (const path of changedFiles({ ...newRest, server: undefined }, isChanged))
    changes.push({ path: path.join('.'), action: 'restart_required' });
  const applies = changes.some(({ action }) => action !== 'restart_required');
  return { sources, sinks, changes, applies, effective: effective as Config };
}

function diffEntries<Entry extends { readonly id: string }>(
  before: readonly Entry[],
  after: readonly Entry[],
  options: {
    list: 'sources' | 'sinks';
    live: ReadonlySet<string>;
    isChanged: (file: string) => boolean;
    changes: ConfigChange[];
  },
): EntriesDiff<Entry> {
  const { list, live, isChanged, changes } = options;
  const old = new Map(before.map((entry) => [entry.id, entry]));
  const ids = new Set(after.map(({ id }) => id));
  const removed = [...old.keys()].filter((id) => !ids.has(id));
  const diff = { added: [] as Entry[], removed, replaced: [] as Entry[], updated: [] as Entry[] };
  const note = (path: string, action: ConfigChange['action']) =>
    changes.push({ path: `${list}.${path}`, action });
  for (const id of removed) note(id, 'removed');
  for (const entry of after) {
    const { id } = entry;
    const was = old.get(id);
    if (was === undefined) {
      diff.added.push(entry);
      note(id, 'added');
      continue;
    }
    const keys = changedKeys(was, entry);
    if (keys.some((key) => !live.has(key)) || changedFiles(entry, isChanged).length > 0) {
      diff.replaced.push(entry);
      note(id, 'replaced');
    } else if (keys.length > 0) {
      diff.updated.push(entry);
      for (const key of keys) note(`${id}.${key}`, 'updated');
    }
  }
  return diff;
}

type Path = readonly string[];

function changedKeys(before: object, after: object): string[] {
  const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...keys].filter((key) => !isDeepStrictEqual(valueAt(before, [key]), valueAt(after, [key])));
}

/** Paths of the values that differ; lists are compared as a whole. */
function changedPaths(before: object, after: object): Path[] {
  return changedKeys(before, after).flatMap((key) => {
    const [a, b] = [valueAt(before, [key]), valueAt(after, [key])];
    return isSection(a) && isSection(b) ? changedPaths(a, b).map((path) => [key, ...path]) : [[key]];
  });
}

/** Paths of the keys that name a file whose content changed. */
function changedFiles(value: unknown, isChanged: (file: string) => boolean): Path[] {
  return filesNamedIn(value)
    .filter(({ file }) => isChanged(file))
    .map(({ path }) => path);
}

function isSection(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isWithin(path: Path, sections: readonly string[]): boolean {
  const text = `${path.join('.')}.`;
  return sections.some((section) => text.startsWith(`${section}.`));
}

function valueAt(value: unknown, path: Path): unknown {
  let at = value;
  for (const key of path) at = isSection(at) ? (at as Record<string, unknown>)[key] : undefined;
  return at;
}

/** A copy with another value at the path; undefined: without the key. */
function withValue(target: object, [key, ...rest]: Path, value: unknown): object {
  const { [key!]: old, ...others } = target as Record<string, unknown>;
  const inner = rest.length === 0 ? value : withValue(old as object, rest, value);
  return inner === undefined ? others : { ...others, [key!]: inner };
}
