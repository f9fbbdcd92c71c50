/**
 * Keeps the templates of log spans, by stream and by the way its logs went, so that a batch builds one only for what
 * has not happened before. Dropped as a whole when the settings change. Used by log-span-writer.ts.
 */

import { RecordChecksums } from '../../kernel/record-checksum.ts';
import type { Stream } from '../../record/stream.ts';
import { type DeflatedTemplate, deflateTemplate } from './deflated-template.ts';
import { LogScope } from './log-scope.ts';
import { type LogShape, sameShape } from './log-shape.ts';
import { buildLogTemplate, type LogSpansOptions } from './log-spans.ts';
import type { Template } from './span-template.ts';

/** Shapes kept for one stream: those of one mode have few reasons and outcomes. Beyond it all are built anew. */
const MAX_SHAPES = 16;

export interface LogTemplate extends Template {
  /** Null: spans say everything themselves. */
  readonly scope: LogScope | null;
  /** As `deflateTemplate`; made when asked for. */
  deflated(): DeflatedTemplate | null;
}

/** A template and what it was built for. */
interface Known {
  readonly shape: LogShape;
  readonly template: LogTemplate;
}

export class LogTemplates {
  readonly #options: LogSpansOptions;
  readonly #checksums = new RecordChecksums();
  readonly #byStream = new WeakMap<Stream, Known[]>();

  constructor(options: LogSpansOptions) {
    this.#options = options;
  }

  get(stream: Stream, shape: LogShape): LogTemplate {
    let known = this.#byStream.get(stream);
    if (known === undefined) {
      known = [];
      this.#byStream.set(stream, known);
    }
    for (const each of known) if (sameShape(each.shape, shape)) return each.template;
    if (known.length >= MAX_SHAPES) known.length = 0;
    const { annotations, linked } = this.#options;
    const scope = shape.scoped ? new LogScope(stream, shape, annotations, linked) : null;
    const built = buildLogTemplate(stream, shape, this.#options);
    const template = { ...built, scope, deflated: deflatedOf(built, this.#checksums) };
    known.push({ shape, template });
    return template;
  }
}

function deflatedOf(template: Template, checksums: RecordChecksums): LogTemplate['deflated'] {
  let made: DeflatedTemplate | null | undefined;
  return () => {
    if (made === undefined) made = deflateTemplate(template, checksums);
    return made;
  };
}
