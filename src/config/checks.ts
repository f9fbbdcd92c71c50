/**
 * What must hold between keys: unique ids, references that lead somewhere, sizes that fit one another.
 * Works on data that may be wrong elsewhere, so that these faults are reported together with all others.
 */
import { z } from 'zod';
import { formatByteSize, formatDuration, parseByteSize } from '../component/units.ts';
import { type Complaint, valueAt } from './explain.ts';
import { checkFileContents } from './file-contents.ts';
import { checkFiles } from './files.ts';
import { checkPlaces } from './places.ts';
import type { Path } from './problem.ts';
import { dispatcherSchema, type Registry } from './schema.ts';
import { selects } from './selection.ts';
import { whyExposed } from './server-schema.ts';
import { suggest } from './suggest.ts';

/** Every fault between keys of `data`, a configuration as written. */
export function checkRelations(data: unknown, registry: Registry): Complaint[] {
  const sourceIds = ids(data, 'sources');
  return [
    ...duplicates(sourceIds, 'sources'),
    ...duplicates(ids(data, 'sinks'), 'sinks'),
    ...references(data, sourceIds),
    ...exposure(data),
    ...sizes(data, registry),
    ...checkPlaces(data, registry),
    ...checkFiles(data),
    ...checkFileContents(data),
  ];
}

function entries(data: unknown, key: 'sources' | 'sinks'): readonly unknown[] {
  const list = valueAt(data, [key]);
  return Array.isArray(list) ? list : [];
}

/** The id of each entry, undefined where it has none. */
function ids(data: unknown, key: 'sources' | 'sinks'): readonly (string | undefined)[] {
  return entries(data, key).map((entry) => {
    const id = valueAt(entry, ['id']);
    return typeof id === 'string' ? id : undefined;
  });
}

function complaint(path: Path, message: string): Complaint {
  return { path, about: 'value', message, mayQuote: true };
}

function duplicates(all: readonly (string | undefined)[], key: 'sources' | 'sinks'): Complaint[] {
  return all.flatMap((id, index) => {
    const first = all.indexOf(id);
    if (id === undefined || first === index) return [];
    return [
      complaint([key, index, 'id'], `"${id}" is already the id of ${key}[${first}]; expected a unique id`),
    ];
  });
}

/** Sinks that name no source, and sources that no sink takes: their logs would vanish. */
function references(data: unknown, sourceIds: readonly (string | undefined)[]): Complaint[] {
  const known = sourceIds.filter((id) => id !== undefined);
  // With an id missing, or no sink, what is wrong is reported already, and more would only confuse.
  if (known.length < sourceIds.length || known.length === 0) return [];
  const complaints: Complaint[] = [];
  const taken: string[] = [];
  for (const [index, sink] of entries(data, 'sinks').entries()) {
    const patterns = valueAt(sink, ['sources']) ?? ['*'];
    if (!Array.isArray(patterns)) return complaints;
    for (const [position, pattern] of patterns.entries()) {
      if (typeof pattern !== 'string') continue;
      taken.push(pattern);
      if (known.some((id) => selects([pattern], id))) continue;
      const meant = suggest(pattern, known);
      const advice =
        meant === undefined ? `there are: ${[...new Set(known)].join(', ')}` : `did you mean "${meant}"?`;
      complaints.push(
        complaint(['sinks', index, 'sources', position], `no source matches "${pattern}"; ${advice}`),
      );
    }
  }
  if (taken.length === 0 || complaints.length > 0) return complaints;
  for (const [index, id] of sourceIds.entries()) {
    if (id === undefined || selects(taken, id)) continue;
    const message = `no sink takes the logs of "${id}"; add it to the "sources" of a sink, or remove it`;
    complaints.push(complaint(['sources', index, 'id'], message));
  }
  return complaints;
}

/** A server that other hosts reach must know who asks. */
function exposure(data: unknown): Complaint[] {
  const written = (...path: string[]) => valueAt(data, ['server', ...path]);
  const reason = whyExposed(written('host'), written('auth', 'tokens'), written('tls', 'client_ca_file'));
  return reason === undefined ? [] : [complaint(['server', 'host'], reason)];
}

/** Fewest batches that must fit into memory: one being read, one being filled, one being delivered. */
const MIN_SLOTS = 3;
/** Bytes of columns for each record a slot can hold (kernel/slot.ts: starts 4, lengths 4, flags 1, severities 1, timestamps 8). */
const COLUMN_BYTES = 18;

function sizes(data: unknown, registry: Registry): Complaint[] {
  const { shape } = dispatcherSchema;
  const written = (key: string) => valueAt(data, ['dispatcher', key]);
  const memory = shape.memory.safeParse(written('memory')).data;
  const batchBytes = shape.batch_bytes.safeParse(written('batch_bytes')).data;
  const batchSize = shape.batch_size.safeParse(written('batch_size')).data;
  const retry = shape.retry.safeParse(written('retry')).data;
  const complaints: Complaint[] = [];
  if (memory !== undefined && batchBytes !== undefined && batchSize !== undefined) {
    const slot = batchBytes + COLUMN_BYTES * batchSize;
    const buffers = entries(data, 'sinks').filter((sink) => valueAt(sink, ['buffer']) !== undefined).length;
    const slots = MIN_SLOTS + buffers;
    if (memory < slots * slot) {
      const message =
        `${formatByteSize(memory)} is too little for ${slots} batches of ${formatByteSize(slot)} ` +
        `(batch_bytes + ${COLUMN_BYTES} bytes for each of batch_size logs${buffers > 0 ? '; one batch for each buffer of a sink' : ''}); ` +
        `expected at least ${formatByteSize(roundUp(slots * slot))}, or a smaller batch_bytes or batch_size`;
      complaints.push(complaint(['dispatcher', 'memory'], message));
    }
  }
  if (retry !== undefined && retry.initial > retry.max) {
    const message = `${formatDuration(retry.initial)} is more than retry.max; expected at most ${formatDuration(retry.max)}`;
    complaints.push(complaint(['dispatcher', 'retry', 'initial'], message));
  }
  if (batchBytes === undefined) return complaints;
  return [...complaints, ...smallBuffers(data, batchBytes), ...longLines(data, batchBytes, registry)];
}

/** Batches that a disk buffer must hold at least, so that there is an oldest part of it to deliver or drop. */
const MIN_BUFFERED_BATCHES = 8;

function smallBuffers(data: unknown, batchBytes: number): Complaint[] {
  return entries(data, 'sinks').flatMap((sink, index) => {
    const written = valueAt(sink, ['buffer', 'max_bytes']);
    const size = typeof written === 'string' ? parseByteSize(written) : undefined;
    if (size === undefined || size >= MIN_BUFFERED_BATCHES * batchBytes) return [];
    const message =
      `${formatByteSize(size)} is less than ${MIN_BUFFERED_BATCHES} times dispatcher.batch_bytes; ` +
      `expected at least ${formatByteSize(MIN_BUFFERED_BATCHES * batchBytes)}, or a smaller batch_bytes`;
    return [complaint(['sinks', index, 'buffer', 'max_bytes'], message)];
  });
}

/**
 * A line must fit into a batch with room for others, whichever type of source has such a limit. Sources lower a
 * default by themselves; what somebody wrote is not changed in silence.
 */
function longLines(data: unknown, batchBytes: number, registry: Registry): Complaint[] {
  return entries(data, 'sources').flatMap((entry, index) => {
    const spec = registry.sources.find(({ type }) => type === valueAt(entry, ['type']));
    const schema = spec?.schema.shape.max_line_bytes;
    if (schema === undefined) return [];
    const written = valueAt(entry, ['max_line_bytes']);
    const limit = written === undefined ? undefined : z.safeParse(schema, written).data;
    if (typeof limit !== 'number' || limit <= batchBytes / 2) return [];
    const message =
      `${formatByteSize(limit)} is more than half of dispatcher.batch_bytes; ` +
      `expected at most ${formatByteSize(Math.floor(batchBytes / 2))}, or a larger batch_bytes`;
    return [complaint(['sources', index, 'max_line_bytes'], message)];
  });
}

/** To whole MiB, which is how people write it. */
function roundUp(bytes: number): number {
  return Math.ceil(bytes / 2 ** 20) * 2 ** 20;
}
