/**
 * Keeps the templates of log spans, by stream and by the way its logs went, so that a batch builds one only for what
 * has not happened before. Dropped as a whole when the settings change. Used by log-span-writer.ts.
 */

import { RecordChecksums } from '../../kernel/record-checksum.ts';
import type { Stream } from '../../record/stream.ts';
import { type DeflatedTemplate, deflateTemplate } from './deflated-template.ts';
import { LogScope } from './log-scope.ts';
import type { LogShape } from './log-shape.ts';
import { buildLogTemplate, type LogSpansOptions } from './log-spans.ts';
import type { Template } from './span-template.ts';

/** Shapes kept for one stream: those of one mode have few reasons and outcomes. Beyond it all are built anew. */
const MAX_SHAPES = 16;

export interface LogTemplate extends Template {
  /** Null: spans say everything themselves. */
  readonly scope: LogScope | null;
  /** As `deflateTemplate`, for ids drawn with or without a threshold; made when asked for. */
  deflated(threshold: bigint): DeflatedTemplate | null;
}

export class LogTemplates {
  readonly #options: LogSpansOptions;
  readonly #checksums = new RecordChecksums();
  readonly #byStream = new WeakMap<Stream, Map<string, LogTemplate>>();

  constructor(options: LogSpansOptions) {
    this.#options = options;
  }

  /** @param sendsKey tells different `shape.sends` apart. */
  get(stream: Stream, shape: LogShape, sendsKey: string): LogTemplate {
    let templates = this.#byStream.get(stream);
    if (templates === undefined) {
      templates = new Map();
      this.#byStream.set(stream, templates);
    }
    const flags = `${shape.stages}${shape.scoped}${shape.joined}${shape.processed}${shape.located}`;
    const key = `${shape.mode}\n${shape.reason}\n${shape.traceState}\n${shape.outcome}\n${flags}\n${shape.failure}\n${sendsKey}\n${shape.note}`;
    let template = templates.get(key);
    if (template === undefined) {
      if (templates.size >= MAX_SHAPES) templates.clear();
      const { annotations, linked } = this.#options;
      const scope = shape.scoped ? new LogScope(stream, shape, annotations, linked) : null;
      const built = buildLogTemplate(stream, shape, this.#options);
      template = { ...built, scope, deflated: deflatedOf(built, this.#checksums) };
      templates.set(key, template);
    }
    return template;
  }
}

function deflatedOf(template: Template, checksums: RecordChecksums): LogTemplate['deflated'] {
  const made = new Map<boolean, DeflatedTemplate | null>();
  return (threshold) => {
    const sameHalves = threshold === 0n;
    let deflated = made.get(sameHalves);
    if (deflated === undefined) {
      deflated = deflateTemplate(template, sameHalves, checksums);
      made.set(sameHalves, deflated);
    }
    return deflated;
  };
}
