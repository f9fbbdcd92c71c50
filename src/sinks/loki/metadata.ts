import { liveRow } from '../../component/lines.ts';
import { truncateUtf8 } from '../../component/template.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import type { Batch, Fields } from '../../record/batch.ts';
import type { Segment } from '../../record/segment.ts';
import { severityName } from '../../record/severity.ts';
import type { Traced } from '../../record/traced.ts';
import { labelName } from './labels.ts';
import type { Run } from './range.ts';

/** Structured metadata of records: what is known about a single record but must not make a Loki stream of its own. */

export type Pair = readonly [name: string, value: string];

/** Longest value in bytes; Loki takes 64 KB for all of a record (limits_config.max_structured_metadata_size). */
const MAX_VALUE_BYTES = 2048;
/** Highest severity number of OpenTelemetry's log data model. */
const MAX_SEVERITY = 24;

export class Metadata {
  readonly #kernel: Kernel;
  readonly #level: boolean;
  readonly #fields: readonly { readonly name: string; readonly keys: readonly string[] }[];
  readonly #ownTraceId: boolean;
  #enabled = true;
  #refused = false;

  constructor(names: readonly string[], kernel: Kernel) {
    this.#kernel = kernel;
    this.#level = names.includes('level');
    this.#fields = names
      .filter((name) => name !== 'level')
      .map((name) => ({ name: labelName(name), keys: name.split('.') }));
    this.#ownTraceId = this.#fields.some(({ name }) => name === 'trace_id');
    if (names.length === 0) this.#enabled = false;
  }

  get enabled(): boolean {
    return this.#enabled;
  }

  /** Loki does not take any: from now on records go without. */
  disable(): void {
    this.#enabled = false;
    this.#refused = true;
  }

  /** What is stamped on the segment's records. An id that the configuration takes from the log is never overwritten. */
  stampOf(segment: Segment): Traced | null {
    if (this.#refused || this.#ownTraceId || segment.traced?.stamp === 'none') return null;
    return segment.traced;
  }

  /** The pairs of one record, for encodings made in JavaScript. */
  pairsOf(batch: Batch, row: number, moved: readonly Pair[]): Pair[] {
    if (!this.#enabled) return [];
    const level = this.#level && batch.hasSeverities ? severityName(batch.slot.severities[row]!) : undefined;
    const pairs: Pair[] = level === undefined ? [] : [['level', level]];
    return [...pairs, ...this.#fieldPairs(batch.fields?.at(row)), ...moved];
  }

  /**
   * Fills the kernel's blobs for live records of a segment, from byte `at` of the blobs' region on. Returns where the
   * next ones may begin, -1 when they do not fit, or `at` itself when no record has any metadata.
   */
  fillBlobs(batch: Batch, { segment, from, count }: Run, moved: readonly Pair[], at: number): number {
    const levels = this.#level && batch.hasSeverities;
    const fields = this.#fields.length > 0 && batch.fields !== null;
    if (!this.#enabled || !(levels || fields || moved.length > 0)) return at;

    const { starts, lengths, region } = this.#kernel.blobs;
    // What all records of one severity share is written once.
    const rest = encodePairs(moved);
    const startOf = new Uint32Array(MAX_SEVERITY + 1);
    const lengthOf = new Uint32Array(MAX_SEVERITY + 1);
    let end = at;
    for (let severity = 0; severity <= (levels ? MAX_SEVERITY : 0); severity++) {
      const level = severityName(severity);
      const blob = level === undefined ? rest : Buffer.concat([encodePairs([['level', level]]), rest]);
      if (end + blob.length > region.capacity) return -1;
      startOf[severity] = region.address + end;
      lengthOf[severity] = blob.length;
      end += blob.copy(region.bytes, end);
    }

    const { severities } = batch.slot;
    for (let i = from; i < from + count; i++) {
      const row = liveRow(segment, i);
      const severity = levels && severities[row]! <= MAX_SEVERITY ? severities[row]! : 0;
      starts[row] = startOf[severity]!;
      lengths[row] = lengthOf[severity]!;
      if (!fields) continue;
      const own = encodePairs(this.#fieldPairs(batch.fields!.at(row)));
      if (own.length === 0) continue;
      const length = lengthOf[severity]! + own.length;
      if (end + length > region.capacity) return -1;
      const shared = startOf[severity]! - region.address;
      region.bytes.copyWithin(end, shared, shared + lengthOf[severity]!);
      own.copy(region.bytes, end + lengthOf[severity]!);
      starts[row] = region.address + end;
      lengths[row] = length;
      end += length;
    }
    return end;
  }

  #fieldPairs(fields: Fields | undefined): Pair[] {
    if (fields === undefined) return [];
    return this.#fields.flatMap(({ name, keys }) => {
      const value = textOf(lookUp(fields, keys));
      return value === undefined ? [] : [[name, value] as const];
    });
  }
}

/** A field named with dots itself goes before nested ones. */
function lookUp(fields: Fields, keys: readonly string[]): unknown {
  const whole = keys.join('.');
  if (Object.hasOwn(fields, whole)) return fields[whole];
  let value: unknown = fields;
  for (const key of keys) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Fields)[key];
  }
  return value;
}

function textOf(value: unknown): string | undefined {
  if (value === undefined || value === null || value === '') return undefined;
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return truncateUtf8(text.toWellFormed(), MAX_VALUE_BYTES);
}

/** `structuredMetadata` fields of an EntryAdapter: field 3, LabelPairAdapter {name = 1, value = 2} (push.proto of grafana/loki). */
export function encodePairs(pairs: readonly Pair[]): Buffer {
  return Buffer.concat(
    pairs.map(([name, value]) =>
      field(0x1a, Buffer.concat([field(0x0a, Buffer.from(name)), field(0x12, Buffer.from(value))])),
    ),
  );
}

function field(tag: number, bytes: Buffer): Buffer {
  const head = [tag];
  let length = bytes.length;
  for (; length > 127; length >>>= 7) head.push((length & 127) | 128);
  return Buffer.concat([Buffer.from([...head, length]), bytes]);
}
