import { hostname } from 'node:os';
import {
  type Placeholder,
  parseTemplate,
  render,
  streamValue,
  type Template,
  truncateUtf8,
  variesByStream,
} from '../../component/template.ts';
import type { Stream } from '../../record/stream.ts';
import { LABEL_PLACEHOLDERS, MAX_LABELS } from './schema.ts';

/**
 * Which Loki stream a stream's records go to. Keeps the number of Loki streams bounded, because each costs Loki memory
 * and index, and it refuses new ones beyond its own limit.
 */

/** Longest value in bytes; Loki refuses more than 2048 (limits_config.max_label_value_length). */
const MAX_VALUE_BYTES = 1024;
/** A Loki stream that got nothing for so long is flushed by Loki (ingester.chunk_idle_period, 30m) and costs it nothing. */
const IDLE_MS = 30 * 60_000;
/** How often a stream without its own labels asks for them again. */
const ASK_AGAIN_MS = 60_000;

type Labels = Readonly<Record<string, string>>;

export interface LokiLabels {
  /** As in LogQL, sorted by name: `{filename="/a", source="b"}`. */
  readonly text: string;
  readonly pairs: Labels;
  /** Labels left out because there are too many streams: they go into structured metadata. */
  readonly moved: readonly (readonly [name: string, value: string])[];
}

interface Known {
  readonly own: LokiLabels;
  shared: LokiLabels | null;
  askAgainAt: number;
}

export class StreamLabels {
  readonly #templates: readonly { readonly name: string; readonly template: Template }[];
  readonly #maxStreams: number;
  readonly #host = hostname();
  readonly #known = new WeakMap<Stream, Known>();
  /** Texts of the Loki streams with labels of their own, and when they were used last. */
  readonly #active = new Map<string, number>();
  #overflowed = 0;
  #labelsLeftOut = 0;

  constructor(labels: Labels, maxStreams: number) {
    this.#templates = Object.entries(labels).map(([name, text]) => ({
      name,
      template: parseTemplate(text, LABEL_PLACEHOLDERS),
    }));
    this.#maxStreams = maxStreams;
  }

  get active(): number {
    return this.#active.size;
  }

  /** How often a stream had to go without labels of its own. */
  get overflowed(): number {
    return this.#overflowed;
  }

  /** Labels of sources left out because a stream may only have so many. */
  get labelsLeftOut(): number {
    return this.#labelsLeftOut;
  }

  /** `now`: monotonic milliseconds. */
  of(stream: Stream, now: number): LokiLabels {
    let known = this.#known.get(stream);
    if (known === undefined) {
      known = { own: this.#labels(stream, false), shared: null, askAgainAt: 0 };
      this.#known.set(stream, known);
    }
    if (known.shared !== null && now < known.askAgainAt) return known.shared;
    if (this.#admit(known.own.text, now)) {
      known.shared = null;
      return known.own;
    }
    if (known.shared === null) this.#overflowed++;
    known.shared ??= this.#labels(stream, true);
    known.askAgainAt = now + ASK_AGAIN_MS;
    return known.shared;
  }

  #admit(text: string, now: number): boolean {
    if (!this.#active.has(text) && this.#active.size >= this.#maxStreams) {
      for (const [each, usedAt] of this.#active) if (now - usedAt > IDLE_MS) this.#active.delete(each);
      if (this.#active.size >= this.#maxStreams) return false;
    }
    this.#active.set(text, now);
    return true;
  }

  #labels(stream: Stream, shared: boolean): LokiLabels {
    const pairs: Record<string, string> = {};
    const moved: [string, string][] = [];
    for (const { name, template } of this.#templates) {
      const value = this.#value(template, stream);
      if (value === '') continue;
      if (shared && variesByStream(template)) moved.push([name, value]);
      else pairs[name] = value;
    }
    for (const [name, value] of Object.entries(stream.labels).toSorted(byName)) {
      const valid = labelName(name);
      if (value === '' || valid in pairs || this.#templates.some((each) => each.name === valid)) continue;
      if (Object.keys(pairs).length < MAX_LABELS) pairs[valid] = labelValue(value);
      else this.#labelsLeftOut++;
    }
    // Loki refuses a stream without labels.
    if (Object.keys(pairs).length === 0) pairs.source = labelValue(stream.source);
    return { text: formatLabels(pairs), pairs, moved };
  }

  #value(template: Template, stream: Stream): string {
    const value = (placeholder: Placeholder) =>
      placeholder === 'host' ? this.#host : streamValue(placeholder, stream)!;
    return labelValue(render(template, value));
  }
}

/** The name with everything that Loki does not accept replaced by `_`. */
export function labelName(name: string): string {
  const valid = name
    .replace(/[^A-Za-z0-9_]/g, '_')
    .replace(/^(?=\d)/, '_')
    .replace(/^_{2,}/, '_');
  return valid === '' ? '_' : valid;
}

function labelValue(value: string): string {
  return truncateUtf8(value.toWellFormed(), MAX_VALUE_BYTES);
}

/** Labels as LogQL writes them. JSON's escapes are all escapes of Go strings, which LogQL reads. */
export function formatLabels(labels: Labels): string {
  const pairs = Object.entries(labels).toSorted(byName);
  return `{${pairs.map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(', ')}}`;
}

function byName([a]: [string, string], [b]: [string, string]): number {
  return a < b ? -1 : 1;
}
