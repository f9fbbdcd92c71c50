import { z } from 'zod';
import type { Sink, SinkSpec } from '../../component/sink.ts';
import type { Delivery } from '../../record/delivery.ts';

/** Takes everything, keeps nothing but the count. Never fails. For measuring the rest of the agent. */
class BlackholeSink implements Sink {
  readonly concurrency = 4;
  #records = 0;
  #bytes = 0;

  async open(): Promise<void> {}

  async write(delivery: Delivery, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    this.#records += delivery.records;
    this.#bytes += delivery.bytes;
  }

  async close(): Promise<void> {}

  status() {
    return { records: this.#records, bytes: this.#bytes };
  }
}

const schema = z.strictObject({});

export const blackholeSink: SinkSpec<'blackhole', typeof schema> = {
  type: 'blackhole',
  summary: 'Counts records and throws them away. For benchmarks and for trying out sources.',
  schema,
  build: () => new BlackholeSink(),
};
