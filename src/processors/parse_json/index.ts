/**
 * Parses JSON lines: fields for sinks that send them, and level and time of each record into the batch's columns.
 * It never changes a record's text and never drops one: what is no JSON object passes on as it is, flagged and counted.
 * Called by the dispatcher for every segment of a source that lists it.
 */
import { z } from 'zod';
import type { Processor, ProcessorSpec } from '../../component/processor.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import { RecordFlag } from '../../kernel/slot.ts';
import type { Batch, Fields } from '../../record/batch.ts';
import type { Segment } from '../../record/segment.ts';
import { parseObject } from './parse-object.ts';
import { ParsedFields } from './parsed-fields.ts';
import { severityNumber } from './severity-number.ts';
import { readTimestamp } from './timestamp.ts';
import { halvesOf, writeNanos } from './write-nanos.ts';

/** Where loggers put the level: most of them; Google Cloud; tslog; ECS. */
const LEVEL_KEYS = ['level', 'severity', 'lvl', 'log.level'];
/** Where loggers put the time: most of them; pino, bunyan, slog; zap; ECS and Logstash. */
const TIME_KEYS = ['timestamp', 'time', 'ts', '@timestamp'];

const schema = z.strictObject({
  level_key: z
    .string()
    .optional()
    .describe(`Key of the level; "" for none. Without it, the first found of ${LEVEL_KEYS.join(', ')}.`),
  time_key: z
    .string()
    .optional()
    .describe(
      `Key of the time (RFC 3339, or a number since 1970 in s, ms, µs or ns); "" for none. Without it, the first found of ${TIME_KEYS.join(', ')}.`,
    ),
});

export type ParseJsonConfig = z.output<typeof schema>;

export const parseJsonProcessor: ProcessorSpec<'parse_json', typeof schema> = {
  type: 'parse_json',
  summary:
    'Parses lines that are JSON objects: their fields, their level and their time. Other lines pass on as text, flagged as unparsed and counted.',
  schema,
  build: (config, { kernel }) => new ParseJson(config, kernel),
};

class ParseJson implements Processor {
  readonly readsJson = true;
  readonly #kernel: Kernel;
  readonly #levelKeys: readonly string[];
  readonly #timeKeys: readonly string[];
  readonly #time = { seconds: 0, nanos: 0 };
  /** The timestamp column written to last, and its halves. */
  #column: BigUint64Array | null = null;
  #halves: Uint32Array = new Uint32Array(0);
  #parsed = 0;
  #unparsed = 0;

  constructor(config: ParseJsonConfig, kernel: Kernel) {
    this.#kernel = kernel;
    this.#levelKeys = keys(config.level_key, LEVEL_KEYS);
    this.#timeKeys = keys(config.time_key, TIME_KEYS);
  }

  process(batch: Batch, segment: Segment): void {
    const { slot } = batch;
    const { bytes } = this.#kernel;
    const { live, first } = segment;
    const count = live === null ? segment.count : live.length;
    const parsedFields = ParsedFields.of(batch, bytes);
    let parsed = 0;
    for (let index = 0; index < count; index++) {
      const row = live === null ? first + index : live[index]!;
      const start = slot.starts[row]!;
      const fields = parseObject(bytes, start, start + slot.lengths[row]!);
      if (fields === undefined) {
        slot.flags[row]! |= RecordFlag.unparsed;
        continue;
      }
      parsed++;
      parsedFields.add(row);
      this.#setLevel(batch, row, fields);
      this.#setTime(batch, row, fields);
    }
    this.#parsed += parsed;
    this.#unparsed += count - parsed;
  }

  status(): Readonly<Record<string, number>> {
    return { parsed: this.#parsed, unparsed: this.#unparsed };
  }

  #setLevel(batch: Batch, row: number, fields: Fields): void {
    const number = severityNumber(firstOf(fields, this.#levelKeys));
    if (number === 0) return;
    if (!batch.hasSeverities) {
      // A column counts for all records of the batch, and a slot holds what the batch before left there.
      batch.slot.severities.fill(0, 0, batch.count);
      batch.hasSeverities = true;
    }
    batch.slot.severities[row] = number;
  }

  #setTime(batch: Batch, row: number, fields: Fields): void {
    if (!readTimestamp(firstOf(fields, this.#timeKeys), this.#time)) return;
    const { timestamps } = batch.slot;
    if (!batch.hasTimestamps) {
      timestamps.fill(0n, 0, batch.count);
      batch.hasTimestamps = true;
    }
    if (this.#column !== timestamps) {
      this.#column = timestamps;
      this.#halves = halvesOf(timestamps);
    }
    writeNanos(this.#halves, row, this.#time);
  }
}

function keys(configured: string | undefined, usual: readonly string[]): readonly string[] {
  if (configured === undefined) return usual;
  return configured === '' ? [] : [configured];
}

/** The value of the first key that there is. */
function firstOf(fields: Fields, names: readonly string[]): unknown {
  for (const name of names) {
    const value = fields[name];
    if (value !== undefined) return value;
  }
  return undefined;
}
