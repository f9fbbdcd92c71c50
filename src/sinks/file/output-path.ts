import { createHash } from 'node:crypto';
import { extname, resolve } from 'node:path';
import {
  type Placeholder,
  parseTemplate,
  render,
  streamValue,
  type Template,
  truncateUtf8,
} from '../../component/template.ts';
import type { Stream } from '../../record/stream.ts';

/** Says which file a stream's records of one day go to. Touches no file. */

export const PATH_PLACEHOLDERS = ['source', 'file', 'date'] as const satisfies readonly Placeholder[];

/** Longest part of a path in bytes (NAME_MAX of Linux's file systems). */
const MAX_NAME_BYTES = 255;
/** What rotation adds to a name at most: `.2026-11-22T18-05-11.000Z-99999.gz.tmp`. */
const ROTATION_BYTES = 38;
/** Digits of a hash that keep shortened names distinct. */
const HASH_DIGITS = 8;
/** An ending longer than this, in bytes, is not kept. */
const MAX_ENDING_BYTES = 16;

const DAY_MS = 86_400_000;

export class OutputPaths {
  readonly #template: Template;
  readonly #daily: boolean;
  readonly #known = new WeakMap<Stream, { day: number; path: string }>();

  constructor(template: string) {
    this.#template = parseTemplate(template, PATH_PLACEHOLDERS);
    this.#daily = this.#template.some((part) => 'placeholder' in part && part.placeholder === 'date');
  }

  /** Absolute path for records of the stream that were read at `epochMs`. */
  of(stream: Stream, epochMs: number): string {
    const day = this.#daily ? Math.floor(epochMs / DAY_MS) : 0;
    const known = this.#known.get(stream);
    if (known !== undefined && known.day === day) return known.path;
    const text = render(this.#template, (placeholder) =>
      safeName(
        placeholder === 'date'
          ? new Date(day * DAY_MS).toISOString().slice(0, 'YYYY-MM-DD'.length)
          : streamValue(placeholder, stream)!,
      ),
    );
    const names = text.split('/');
    const last = names.length - 1;
    const fitted = names.map((name, i) =>
      shortened(name, MAX_NAME_BYTES - (i === last ? ROTATION_BYTES : 0)),
    );
    const path = resolve(fitted.join('/'));
    this.#known.set(stream, { day, path });
    return path;
  }
}

/**
 * The value as a part of one file name: it cannot leave its folder, hide the file, or break the path.
 * An empty value becomes `none`.
 */
export function safeName(value: string): string {
  const flat = value
    .toWellFormed()
    .replace(/[/\\\p{Cc}]/gu, '_')
    .replace(/^\.+/, '_');
  return flat || 'none';
}

/** The name, or its beginning, a hash of all of it and its ending where it is longer than `maxBytes`. */
function shortened(name: string, maxBytes: number): string {
  if (Buffer.byteLength(name) <= maxBytes) return name;
  const hash = createHash('sha256').update(name).digest('hex').slice(0, HASH_DIGITS);
  const ending = Buffer.byteLength(extname(name)) <= MAX_ENDING_BYTES ? extname(name) : '';
  const rest = `-${hash}${ending}`;
  return truncateUtf8(name, maxBytes - Buffer.byteLength(rest)) + rest;
}
