/** The same spans through OpenTelemetry's SDK, its batch processor and its OTLP exporter, as an application makes them. */

import { setTimeout as sleep } from 'node:timers/promises';
import { type HrTime, ROOT_CONTEXT, SpanKind, type Tracer, trace } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import {
  AlwaysOnSampler,
  BatchSpanProcessor,
  type ReadableSpan,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import { LINE, PATH, type Shape, type SpanMaker } from './span-maker.ts';

/** Spans made before the queue is emptied: it must not overflow. */
const LOGS_AT_ONCE = 1000;
const SPANS_PER_LOG = { compact: 1, waterfall: 3 } as const;
/** Milliseconds. */
const PATIENCE = 10_000;

export function sdkSpans(shape: Shape, port: number): SpanMaker {
  let arrived = 0;
  const exporter = new OTLPTraceExporter({ url: `http://127.0.0.1:${port}/v1/traces` });
  const counting = {
    export(spans: ReadableSpan[], done: Parameters<typeof exporter.export>[1]) {
      exporter.export(spans, (result) => {
        if (result.code === 0) arrived += spans.length;
        done(result);
      });
    },
    forceFlush: () => exporter.forceFlush(),
    shutdown: () => exporter.shutdown(),
  };
  const processor = new BatchSpanProcessor({ exporter: counting, maxQueueSize: 8192 });
  const provider = new TracerProvider({ sampler: new AlwaysOnSampler(), spanProcessors: [processor] });
  const tracer = provider.getTracer('log-capturer', '0.1.0');
  const system = tracer.startSpan('dispatcher.process_batch', {}, ROOT_CONTEXT).spanContext();
  let offset = 0;

  /** What the agent's spans of a log have: names, times, attributes, events, links. */
  const log = () => {
    const at = Date.now();
    const [read, sealed, ended]: HrTime[] = [at, at + 1, at + 2].map((ms) => [
      Math.floor(ms / 1000),
      (ms % 1000) * 1e6,
    ]) as HrTime[];
    const root = tracer.startSpan(
      'log.process',
      {
        startTime: read!,
        links: [{ context: system }],
        attributes: {
          'log_capturer.batch.id': 1,
          'log.size': LINE.length,
          'log.offset': offset,
          'log.record.uid': `d1b0c4a2-mi8f7x2k-${offset.toString(16).padStart(12, '0')}`,
          'log.source_id': PATH,
          'log.source': 'nginx',
          'log.source_type': 'file',
          'log.file.path': PATH,
          'tracing.mode': 'full-e2e',
          'log_capturer.sampling.reason': 'mode',
          'log_capturer.outcome': 'delivered',
        },
      },
      ROOT_CONTEXT,
    );
    offset += LINE.length + 1;
    if (shape === 'compact') {
      root.addEvent('dispatched', sealed!);
      root.addEvent('sent loki', ended!);
    } else {
      const inside = trace.setSpan(ROOT_CONTEXT, root);
      child(tracer, inside, 'dispatcher.queue', SpanKind.INTERNAL, read!, sealed!);
      child(tracer, inside, 'sink.loki.send', SpanKind.CLIENT, sealed!, ended!);
    }
    root.end(ended!);
  };

  return {
    async make(logs) {
      const before = arrived;
      for (let made = 0; made < logs; made += LOGS_AT_ONCE) {
        for (let i = 0; i < LOGS_AT_ONCE; i++) log();
        await processor.forceFlush();
      }
      // An export that the processor began by itself may still be under way.
      const all = Math.ceil(logs / LOGS_AT_ONCE) * LOGS_AT_ONCE * SPANS_PER_LOG[shape];
      for (let i = 0; i < PATIENCE && arrived - before < all; i++) await sleep(1);
      return arrived - before;
    },
    stop: () => provider.shutdown(),
  };
}

function child(
  tracer: Tracer,
  inside: typeof ROOT_CONTEXT,
  name: string,
  kind: SpanKind,
  startTime: HrTime,
  endTime: HrTime,
): void {
  const attributes = kind === SpanKind.CLIENT ? { 'log_capturer.attempts': 1 } : {};
  tracer.startSpan(name, { kind, startTime, attributes }, inside).end(endTime);
}
