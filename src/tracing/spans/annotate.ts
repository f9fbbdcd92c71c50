/**
 * What `tracing.annotate` adds to log spans: attributes that are the same for all, and parsed fields of each log.
 * Values of fields are cut to a length, and those of redacted names hidden, before they reach a span. It never looks at
 * a log's text. Asked by log-spans.ts and, while a batch is encoded, by span-blobs.ts.
 */
import type { Fields } from '../../record/batch.ts';
import type { AnnotateSettings } from '../settings/settings.ts';
import { Field, OtlpWriter, type Value } from './otlp-writer.ts';
import { REDACTED, Redaction } from './redact.ts';

/** Of all attributes together: the kernel's templates have 256 KiB. */
const MAX_BYTES = 128 * 1024;

export class Annotations {
  /** Attributes of every log span, ready to be written, and how many there was no room for. */
  readonly attributes: ReadonlyMap<string, string>;
  readonly dropped: number;
  readonly #fields: readonly {
    readonly name: string;
    readonly path: readonly string[];
    readonly hidden: boolean;
  }[];
  readonly #redaction: Redaction;
  readonly #maxLength: number;

  constructor({ attributes, fields, maxLength, redact }: AnnotateSettings) {
    this.#redaction = new Redaction(redact);
    this.#maxLength = maxLength;
    const kept = new Map<string, string>();
    let bytes = 0;
    for (const [key, value] of Object.entries(attributes)) {
      bytes += Buffer.byteLength(key) + Buffer.byteLength(value);
      if (bytes <= MAX_BYTES) kept.set(key, this.redact(key, value));
    }
    this.attributes = kept;
    this.dropped = Object.keys(attributes).length - kept.size;
    this.#fields = fields.map((name) => {
      const path = name.split('.');
      return { name, path, hidden: [name, ...path].some((part) => this.#redaction.hides(part)) };
    });
  }

  /** Whether parsed fields become attributes. */
  get usesFields(): boolean {
    return this.#fields.length > 0;
  }

  /** The value, or what is shown instead of it. */
  redact(key: string, value: string): string {
    return this.#redaction.hides(key) ? REDACTED : value;
  }

  /** Encoded `attributes` fields of a span for the fields of one log; those it does not have are left out. */
  encode(fields: Fields): Buffer {
    const writer = new OtlpWriter();
    for (const { name, path, hidden } of this.#fields) {
      const value = this.#valueOf(fieldOf(fields, name, path), hidden);
      if (value !== undefined) writer.attribute(Field.span.attributes, name, value);
    }
    return writer.finish();
  }

  /** A list or an object is written as JSON; a redacted field inside of it is hidden there. */
  #valueOf(value: unknown, hidden: boolean): Value | undefined {
    if (value === undefined || value === null) return undefined;
    if (hidden) return REDACTED;
    switch (typeof value) {
      case 'string':
        return cut(value, this.#maxLength);
      case 'number':
      case 'boolean':
      case 'bigint':
        return value;
      case 'object':
        return cut(
          JSON.stringify(value, (key, inner) => (this.#redaction.hides(key) ? REDACTED : inner)),
          this.#maxLength,
        );
      default:
        return undefined;
    }
  }
}

/** The field of that name, or else the one that its dots lead to. */
function fieldOf(fields: Fields, name: string, path: readonly string[]): unknown {
  if (Object.hasOwn(fields, name)) return fields[name];
  let value: unknown = fields;
  for (const key of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Fields)[key];
  }
  return value;
}

/** The first `length` characters (UTF-16 code units), without half a pair at the end. */
function cut(text: string, length: number): string {
  if (text.length <= length) return text;
  const last = text.charCodeAt(length - 1);
  return text.slice(0, last >= 0xd800 && last < 0xdc00 ? length - 1 : length);
}
