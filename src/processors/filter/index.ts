/**
 * Removes logs by an expression over their text, level and fields (docs/filter.md). It narrows the selection of each
 * segment and touches no record; what it removes counts as filtered in its source's ledger.
 * Called by the dispatcher for every segment of a source that lists it.
 */
import { z } from 'zod';
import type { Processor, ProcessorSpec } from '../../component/processor.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import type { Batch } from '../../record/batch.ts';
import type { Segment } from '../../record/segment.ts';
import { ExpressionError } from './expression-error.ts';
import { parseExpression } from './parse.ts';
import { type Selector, selectorOf, without } from './select.ts';

/** Longest expression that is shown whole where a removed log is explained, in characters. */
const MAX_LABEL = 120;

const expression = z.string().superRefine((text, context) => {
  try {
    parseExpression(text);
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    context.addIssue({ code: 'custom', message: error.message });
  }
});

const schema = z
  .strictObject({
    drop: expression
      .optional()
      .describe('Logs for which this holds are removed, such as: text contains "/health" or level < info.'),
    keep: expression.optional().describe('Logs for which this does not hold are removed.'),
  })
  .refine(({ drop, keep }) => (drop === undefined) !== (keep === undefined), {
    error: 'expected either drop or keep, an expression such as: text contains "/health"',
  });

export type FilterConfig = z.output<typeof schema>;

export const filterProcessor: ProcessorSpec<'filter', typeof schema> = {
  type: 'filter',
  summary:
    'Removes logs by an expression over their text, their level and their fields; level and fields are those that processors before it have found.',
  schema,
  build: (config, { kernel }) => new Filter(config, kernel),
};

class Filter implements Processor {
  readonly label: string;
  readonly #kernel: Pick<Kernel, 'bytes'>;
  readonly #select: Selector;
  readonly #drops: boolean;
  #passed = 0;
  #removed = 0;

  constructor({ drop, keep }: FilterConfig, kernel: Pick<Kernel, 'bytes'>) {
    const text = drop ?? keep ?? '';
    this.#kernel = kernel;
    this.#drops = drop !== undefined;
    this.#select = selectorOf(parseExpression(text));
    const shown = text.length > MAX_LABEL ? `${text.slice(0, MAX_LABEL)}…` : text;
    this.label = `filter (${this.#drops ? 'drop' : 'keep'}: ${shown})`;
  }

  process(batch: Batch, segment: Segment): void {
    const { bytes } = this.#kernel;
    const rows = segment.live ?? rowsOf(segment);
    const found = this.#select({ batch, segment, bytes }, rows);
    const removed = this.#drops ? found.length : rows.length - found.length;
    this.#removed += removed;
    this.#passed += rows.length - removed;
    if (removed > 0) segment.live = this.#drops ? without(rows, found) : found;
  }

  status(): Readonly<Record<string, number>> {
    return { passed: this.#passed, removed: this.#removed };
  }
}

function rowsOf({ first, count }: Segment): Uint32Array {
  const rows = new Uint32Array(count);
  for (let i = 0; i < count; i++) rows[i] = first + i;
  return rows;
}
