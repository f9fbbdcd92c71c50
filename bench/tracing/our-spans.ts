/** Spans as the agent makes and sends them. */
import { engineOf } from './engine.ts';
import type { Shape, SpanMaker } from './span-maker.ts';

/** Above it the maker waits, as an agent does whose exporter keeps up: nothing is dropped. */
const MANY_QUEUED = 32_768;

export function ourSpans(shape: Shape, port: number): SpanMaker {
  const {
    tracing,
    logs: perBatch,
    batch,
    stop,
  } = engineOf({
    mode: 'full-e2e',
    log_spans: shape,
    exporter: { type: 'otlp', endpoint: `http://127.0.0.1:${port}/v1/traces`, batch_timeout: '10ms' },
  });
  const queued = async (most: number) => {
    while (tracing.status().spans_queued > most) await new Promise((resolve) => setTimeout(resolve, 1));
  };
  return {
    async make(logs) {
      const before = tracing.status().spans_exported;
      for (let made = 0; made < logs; made += perBatch) {
        batch();
        await new Promise((resolve) => setImmediate(resolve));
        await queued(MANY_QUEUED);
      }
      await queued(0);
      return tracing.status().spans_exported - before;
    },
    stop,
  };
}
