/**
 * The oracle: an observer that makes the spans of a batch with OpenTelemetry's SDK, one object at a time, from what the
 * dispatcher put on batches and deliveries. It shares no code with src/tracing and knows nothing of templates or of the
 * kernel. What only the tracer can know of a log, why it was chosen, the test says.
 */
import {
  type Attributes,
  type Context,
  createTraceState,
  type HrTime,
  type Link,
  ROOT_CONTEXT,
  type Span,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  trace,
} from '@opentelemetry/api';
import { AlwaysOnSampler, type SpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { PartialError } from '../../src/component/errors.ts';
import type { Observer, Outcome } from '../../src/component/observer.ts';
import type { Batch } from '../../src/record/batch.ts';
import type { Delivery } from '../../src/record/delivery.ts';
import type { Segment } from '../../src/record/segment.ts';
import { ContextRow } from '../../src/record/traced.ts';

/** A log that must have a trace, and what its root says beyond what the batch knows. */
export interface ExpectedLog {
  readonly segment: Segment;
  readonly row: number;
  readonly reason: string;
  /** W3C tracestate; empty: none. */
  readonly traceState?: string;
  /** The root continues the trace that came with the log. */
  readonly joined?: boolean;
  /** The root links to the span that came with the log. */
  readonly linked?: boolean;
  readonly attributes?: Attributes;
}

export interface SdkObserverOptions {
  readonly processor: SpanProcessor;
  readonly mode: string;
  readonly compact: boolean;
  /** Milliseconds since 1970 of monotonic 0. */
  readonly epoch: number;
  readonly isProcessed: (source: string) => boolean;
  /** Which logs of a finished batch have a trace. */
  readonly logs: (batch: Batch) => readonly ExpectedLog[];
}

/** How a log went to one sink. */
interface Send {
  readonly sink: string;
  readonly attempts: number;
  readonly startedAt: number;
  readonly endedAt: number;
  readonly failure: string | null;
}

const MAX_LINKS = 128;

export class SdkObserver implements Observer {
  readonly #options: SdkObserverOptions;
  readonly #failures = new Map<Delivery, { outcome: Outcome; reason: string }>();
  readonly #provider: TracerProvider;
  #traceState = '';

  constructor(options: SdkObserverOptions) {
    this.#options = options;
    const always = new AlwaysOnSampler();
    this.#provider = new TracerProvider({
      spanProcessors: [options.processor],
      spanLimits: { linkCountLimit: MAX_LINKS, attributeCountLimit: 200, eventCountLimit: 200 },
      sampler: {
        shouldSample: () => ({
          ...always.shouldSample(),
          ...(this.#traceState !== '' && { traceState: createTraceState(this.#traceState) }),
        }),
        toString: () => 'oracle',
      },
    });
  }

  async shutdown(): Promise<void> {
    await this.#provider.forceFlush();
    await this.#provider.shutdown();
  }

  settled(delivery: Delivery, outcome: Outcome, reason = 'unknown'): void {
    if (outcome.dropped + outcome.deadLettered > 0) this.#failures.set(delivery, { outcome, reason });
  }

  completed(batch: Batch, deliveries: readonly Delivery[]): void {
    if (this.#options.mode === 'off') return;
    const system = this.#start(ROOT_CONTEXT, 'dispatcher.process_batch', SpanKind.INTERNAL, batch.openedAt, {
      'log_capturer.batch.id': batch.id,
      'messaging.batch.message_count': batch.count,
      'log_capturer.batch.bytes': batch.bytes,
      'log_capturer.batch.sources': new Set(batch.segments.map(({ stream }) => stream.source)).size,
      'tracing.mode': this.#options.mode,
    });
    const roots = this.#options
      .logs(batch)
      .map((log) => this.#log(batch, deliveries, log, system.spanContext()));
    // The SDK keeps the last links and the agent the first.
    for (const context of [...roots.slice(MAX_LINKS), ...roots.slice(0, MAX_LINKS)])
      system.addLink({ context });

    const inside = trace.setSpan(ROOT_CONTEXT, system);
    if (batch.segments.some(({ stream }) => this.#options.isProcessed(stream.source))) {
      this.#end(this.#start(inside, 'processor.run', SpanKind.INTERNAL, batch.sealedAt), batch.processedAt);
    }
    for (const delivery of deliveries) this.#attempts(inside, delivery);
    const ends = deliveries.map(({ attempts }) => attempts.at(-1)!.endedAt);
    this.#end(system, Math.max(batch.processedAt, ...ends));
  }

  #attempts(inside: Context, { sink, attempts, records, bytes }: Delivery): void {
    for (const [i, { startedAt, endedAt, error }] of attempts.entries()) {
      const span = this.#start(inside, `sink.${sink}.send`, SpanKind.CLIENT, startedAt, {
        'log_capturer.attempt': i + 1,
        'messaging.batch.message_count': records,
        'log_capturer.batch.bytes': bytes,
      });
      if (error !== undefined) {
        const { reason = 'internal_error' } = error as { reason?: string };
        span.setStatus({ code: SpanStatusCode.ERROR, message: reason });
        span.setAttribute('error.type', reason);
        if (/^[1-5]\d\d$/.test(reason)) span.setAttribute('http.response.status_code', Number(reason));
        if (i + 1 < attempts.length) span.addEvent('retry', this.#time(endedAt));
      }
      this.#end(span, endedAt);
    }
  }

  /** Makes a log's trace and returns what the root is known by. */
  #log(batch: Batch, deliveries: readonly Delivery[], log: ExpectedLog, system: SpanContext): SpanContext {
    const { segment, row } = log;
    const { stream } = segment;
    const { starts, lengths } = batch.slot;
    const filtered = segment.live !== null && !segment.live.includes(row);
    const own = filtered ? [] : deliveries.filter((delivery) => delivery.segments.includes(segment));
    const sends = own.map((delivery) => this.#send(delivery, row));
    const failure = sends.find((send) => send.failure !== null)?.failure ?? null;
    const unrouted = !filtered && own.length === 0;
    const outcome = filtered ? 'filtered' : failure !== null || unrouted ? 'dropped' : 'delivered';
    const incoming = contextOf(batch, row);
    const links: Link[] = [{ context: system }, ...(log.linked === true ? [{ context: incoming }] : [])];

    this.#traceState = log.joined === true ? '' : (log.traceState ?? '');
    const root = this.#start(
      log.joined === true ? trace.setSpanContext(ROOT_CONTEXT, incoming) : ROOT_CONTEXT,
      'log.process',
      SpanKind.INTERNAL,
      segment.readAt,
      {
        'log_capturer.batch.id': batch.id,
        'log.size': lengths[row]!,
        'log.offset': segment.from + starts[row]! - starts[segment.first]!,
        'log.source_id': stream.id,
        'log.source': stream.source,
        'log.source_type': stream.sourceType,
        ...(stream.path !== undefined && { 'log.file.path': stream.path }),
        'tracing.mode': this.#options.mode,
        'log_capturer.sampling.reason': log.reason,
        'log_capturer.outcome': outcome,
        ...log.attributes,
      },
      links,
    );
    const message = unrouted ? 'unrouted' : failure;
    if (message !== null) root.setStatus({ code: SpanStatusCode.ERROR, message });
    const processed = this.#options.isProcessed(stream.source);
    if (this.#options.compact || log.joined === true) this.#events(root, batch, processed, sends);
    else this.#stages(root, batch, segment, processed, sends);
    this.#traceState = '';
    const ends = sends.map(({ endedAt }) => endedAt);
    this.#end(root, Math.max(batch.processedAt, ...ends));
    return root.spanContext();
  }

  #stages(root: Span, batch: Batch, segment: Segment, processed: boolean, sends: readonly Send[]): void {
    const inside = trace.setSpan(ROOT_CONTEXT, root);
    this.#end(this.#start(inside, 'dispatcher.queue', SpanKind.INTERNAL, segment.readAt), batch.sealedAt);
    if (processed) {
      this.#end(this.#start(inside, 'processor.run', SpanKind.INTERNAL, batch.sealedAt), batch.processedAt);
    }
    for (const { sink, attempts, startedAt, endedAt, failure } of sends) {
      const attributes = { 'log_capturer.attempts': attempts };
      const span = this.#start(inside, `sink.${sink}.send`, SpanKind.CLIENT, startedAt, attributes);
      if (failure !== null) span.setStatus({ code: SpanStatusCode.ERROR, message: failure });
      this.#end(span, endedAt);
    }
  }

  #events(root: Span, batch: Batch, processed: boolean, sends: readonly Send[]): void {
    root.addEvent('dispatched', this.#time(batch.sealedAt));
    if (processed) root.addEvent('processed', this.#time(batch.processedAt));
    for (const { sink, attempts, endedAt, failure } of sends) {
      const attributes = {
        ...(attempts > 1 && { 'log_capturer.attempts': attempts }),
        ...(failure !== null && { 'error.type': failure }),
      };
      root.addEvent(`${failure === null ? 'sent' : 'failed'} ${sink}`, attributes, this.#time(endedAt));
    }
  }

  #send(delivery: Delivery, row: number): Send {
    const { sink, attempts } = delivery;
    const failed = this.#failures.get(delivery);
    const error = attempts.at(-1)!.error;
    const refused = error instanceof PartialError ? error.indexes!.includes(row) : true;
    return {
      sink,
      attempts: attempts.length,
      startedAt: attempts[0]!.startedAt,
      endedAt: attempts.at(-1)!.endedAt,
      failure: failed !== undefined && refused ? failed.reason : null,
    };
  }

  #start(
    context: Context,
    name: string,
    kind: SpanKind,
    startedAt: number,
    attributes: Attributes = {},
    links: Link[] = [],
  ): Span {
    const startTime = this.#time(startedAt);
    return this.#provider
      .getTracer('log-capturer', '1.2.3')
      .startSpan(name, { kind, startTime, attributes, links }, context);
  }

  #end(span: Span, at: number): void {
    span.end(this.#time(at));
  }

  /** Whole microseconds, which is what the agent's clock gives. */
  #time(ms: number): HrTime {
    const micros = Math.round((this.#options.epoch + ms) * 1000);
    return [Math.floor(micros / 1e6), (micros % 1e6) * 1000];
  }
}

/** The W3C context in the slot's column. */
function contextOf({ slot }: Batch, row: number): SpanContext {
  const at = row * ContextRow.size;
  const hex = (from: number, length: number) =>
    Buffer.from(slot.contexts.subarray(at + from, at + from + length)).toString('hex');
  return {
    traceId: hex(ContextRow.traceId, 16),
    spanId: hex(ContextRow.spanId, 8),
    traceFlags: TraceFlags.SAMPLED,
    isRemote: true,
  };
}
