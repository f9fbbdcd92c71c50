/**
 * An observer that writes down what happened to each batch, for tests that compare it with the spans: under which mode its
 * logs were chosen, and which ids sinks would stamp on them, as JSON lines and as Loki's structured metadata.
 */
import protobuf from 'protobufjs';
import type { Observer } from '../../src/component/observer.ts';
import type { Kernel } from '../../src/kernel/kernel.ts';
import type { Batch } from '../../src/record/batch.ts';
import { JsonLineEncoder } from '../../src/record/json-line.ts';
import type { Segment } from '../../src/record/segment.ts';

export interface StampedIds {
  readonly traceId: string | undefined;
  readonly spanId: string | undefined;
}

export interface SeenLog {
  /** `SOURCE POSITION`, which tells logs apart. */
  readonly key: string;
  readonly filtered: boolean;
  readonly json: StampedIds;
  readonly loki: StampedIds;
}

export interface SeenBatch {
  readonly id: number;
  readonly mode: string;
  readonly stamp: string;
  readonly logs: readonly SeenLog[];
  completed: boolean;
}

const { root } = protobuf.parse(`
  syntax = "proto3";
  message Push { repeated Stream streams = 1; }
  message Stream { string labels = 1; repeated Entry entries = 2; }
  message Entry { Timestamp timestamp = 1; bytes line = 2; repeated Pair metadata = 3; }
  message Timestamp { int64 seconds = 1; int32 nanos = 2; }
  message Pair { string name = 1; string value = 2; }
`);
const Push = root.lookupType('Push');
const NONE: StampedIds = { traceId: undefined, spanId: undefined };

export class Witness implements Observer {
  readonly batches = new Map<number, SeenBatch>();
  readonly #kernel: () => Kernel;
  readonly #settings: () => { mode: string; stamp: string };
  #encoder: JsonLineEncoder | undefined;

  constructor(kernel: () => Kernel, settings: () => { mode: string; stamp: string }) {
    this.#kernel = kernel;
    this.#settings = settings;
  }

  /** Must be told after the tracer. */
  processed(batch: Batch): void {
    const { mode, stamp } = this.#settings();
    const logs = batch.segments.flatMap((segment) => this.#logs(batch, segment));
    this.batches.set(batch.id, { id: batch.id, mode, stamp, logs, completed: false });
  }

  completed(batch: Batch): void {
    this.batches.get(batch.id)!.completed = true;
  }

  #logs(batch: Batch, segment: Segment): SeenLog[] {
    const { first, count, live, stream, from } = segment;
    const { starts } = batch.slot;
    const all = Array.from({ length: count }, (_, i) => first + i);
    const passed = live === null ? all : [...live];
    const json = this.#jsonLines(batch, segment, passed);
    const loki = this.#lokiEntries(batch, segment);
    return all.map((row) => {
      const i = passed.indexOf(row);
      return {
        key: `${stream.source} ${from + starts[row]! - starts[first]!}`,
        filtered: i < 0,
        json: json[i] ?? NONE,
        loki: loki[i] ?? NONE,
      };
    });
  }

  #jsonLines(batch: Batch, segment: Segment, rows: readonly number[]): StampedIds[] {
    const kernel = this.#kernel();
    this.#encoder ??= new JsonLineEncoder(kernel);
    const { scratch } = kernel;
    return rows.map((row) => {
      const end = this.#encoder!.write(batch, segment, row, 0, scratch, 0);
      const line = JSON.parse(scratch.bytes.toString('utf8', 0, end));
      return { traceId: line.trace_id, spanId: line.span_id };
    });
  }

  #lokiEntries({ slot }: Batch, { first, count, live, traced }: Segment): StampedIds[] {
    const kernel = this.#kernel();
    if (live?.length === 0) return [];
    kernel.idRegions.count = 0;
    const stamped = traced !== null && traced.stamp !== 'none';
    const end = kernel.lokiStream({ slot, first, count, live }, kernel.scratch, 0, {
      labels: '{a="b"}',
      firstNs: 1n,
      useTimestamps: false,
      useBlobs: false,
      stamp: stamped ? { ...traced, spanIds: traced.stamp === 'trace_and_span' } : null,
    });
    const message = Push.toObject(Push.decode(kernel.scratch.bytes.subarray(0, end)), { arrays: true });
    const { streams } = message as {
      streams: { entries: { metadata: { name: string; value: string }[] }[] }[];
    };
    return streams[0]!.entries.map(({ metadata }) => {
      const pairs = new Map(metadata.map(({ name, value }) => [name, value]));
      return { traceId: pairs.get('trace_id'), spanId: pairs.get('span_id') };
    });
  }
}
