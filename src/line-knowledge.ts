/**
 * What the pipeline and tracing know of single lines, in the terms of `where`, which knows neither of them. Put together by the
 * agent; asked only when somebody asks for a line.
 */
import type { Pipeline } from './pipeline/pipeline.ts';
import type { FoundTrace, TraceStore } from './tracing/store/store.ts';
import type { Knowledge, LetterKnowledge, TracedLog } from './where/knowledge.ts';

/** Most traces that are looked through for the one of a line. */
const MAX_TRACES = 1000;

export function lineKnowledge({
  pipeline,
  traces,
  letters,
}: {
  pipeline: Pipeline;
  traces: Pick<TraceStore, 'get' | 'query'>;
  letters: LetterKnowledge;
}): Knowledge {
  const source = (id: string) => pipeline.status().sources.find((each) => each.id === id);
  return {
    files: () => pipeline.files(),
    sources: () => pipeline.status().sources.map(({ id }) => id),
    sourceState: (id) => source(id)?.state,
    ledger: (id) => source(id)?.ledger,
    sinkStatus: (id) => pipeline.status().sinks.find((sink) => sink.id === id),
    letters,
    traces: {
      byId: (traceId) => traces.get(traceId)?.traces.flatMap(logOf) ?? [],
      at: (sourceId, offset, fromMs, toMs) =>
        traces
          .query({ sourceId, fromMs, toMs: toMs + 1, limit: MAX_TRACES })
          .traces.find((trace) => offsetOf(trace) === offset)?.traceId,
    },
  };
}

function logOf(trace: FoundTrace): TracedLog[] {
  const { meta } = trace;
  if (meta === null) return [];
  const offset = offsetOf(trace);
  const { source, sourceId, startedAtMs: readAtMs, outcome } = meta;
  return [{ source, sourceId, readAtMs, outcome, ...(offset !== undefined && { offset }) }];
}

function offsetOf({ spans }: FoundTrace): number | undefined {
  const offset = spans.at(-1)?.attributes.get('log.offset');
  return typeof offset === 'bigint' ? Number(offset) : undefined;
}
