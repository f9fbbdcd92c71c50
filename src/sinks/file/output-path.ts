import { resolve } from 'node:path';
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

/** Longest value of one placeholder in bytes; file names end at 255 (NAME_MAX), and rotation adds to them. */
const MAX_VALUE_BYTES = 200;

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
    const path = resolve(
      render(this.#template, (placeholder) =>
        safeName(
          placeholder === 'date'
            ? new Date(day * DAY_MS).toISOString().slice(0, 'YYYY-MM-DD'.length)
            : streamValue(placeholder, stream)!,
        ),
      ),
    );
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
  return truncateUtf8(flat, MAX_VALUE_BYTES) || 'none';
}
