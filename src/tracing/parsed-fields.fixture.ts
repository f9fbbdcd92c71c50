import type { Processor } from '../component/processor.ts';
import type { Fields } from '../record/batch.ts';

/** A processor that gives the batch the fields of lines that are JSON. */
export const FIELDS: Processor = {
  process(batch) {
    const { slot } = batch;
    batch.fields = {
      at(row): Fields | undefined {
        const start = slot.starts[row]! - slot.address;
        const text = slot.bytes.toString('utf8', start, start + slot.lengths[row]!);
        return text.startsWith('{') ? (JSON.parse(text) as Fields) : undefined;
      },
    };
  },
};
