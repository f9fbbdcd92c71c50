/**
 * Answers Jaeger's queries from the agent's own store: services, operations, traces. Behind `/jaeger/api`, so that tools
 * which speak to Jaeger read the traces that the agent remembers without any backend.
 */
import { jsonAttributeValue } from '../exporters/otlp-json.ts';
import type { DecodedSpan } from '../spans/spans-decoder.ts';
import type { FoundTrace, TraceQuery, TraceStore } from '../store/store.ts';
import { type JaegerTrace, jaegerTrace, KINDS } from './trace-json.ts';

export interface JaegerSearch {
  readonly service: string;
  readonly operation?: string | undefined;
  /** All of them must be on one span. */
  readonly tags: Readonly<Record<string, string>>;
  /** Milliseconds since 1970: traces that started between them. */
  readonly fromMs?: number | undefined;
  readonly toMs?: number | undefined;
  readonly minDurationMs?: number | undefined;
  readonly maxDurationMs?: number | undefined;
  /** 1 to 1000. */
  readonly limit: number;
}

export interface JaegerOperation {
  readonly name: string;
  readonly spanKind: string;
}

/** Traces looked through for one search: what a trace must have is looked for in what is decoded. */
const LOOKED_THROUGH = 1000;

export class JaegerQuery {
  readonly #store: Pick<TraceStore, 'get' | 'query'>;
  readonly #resource: () => ReadonlyMap<string, string>;

  /** `resource`: attributes of all spans. */
  constructor(store: Pick<TraceStore, 'get' | 'query'>, resource: () => ReadonlyMap<string, string>) {
    this.#store = store;
    this.#resource = resource;
  }

  /** There is one: the agent. */
  services(): string[] {
    return [this.#service];
  }

  /** Names and kinds of the spans that are remembered, as far as a look at the newest shows. */
  operations(service: string): JaegerOperation[] {
    if (service !== this.#service) return [];
    const found = new Map<string, JaegerOperation>();
    for (const type of ['log', 'system'] as const) {
      for (const { spans } of this.#store.query({ type, limit: LOOKED_THROUGH }).traces) {
        for (const { name, kind } of spans) {
          const spanKind = KINDS[kind] ?? 'unspecified';
          found.set(`${name} ${spanKind}`, { name, spanKind });
        }
      }
    }
    return [...found.values()].sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  }

  /** The newest first. */
  search(search: JaegerSearch): JaegerTrace[] {
    const { service, limit, operation, tags } = search;
    if (service !== this.#service) return [];
    const asked = Object.entries(tags);
    const source = tags['log.source_id'] ?? tags['log.source'];
    const found: FoundTrace[] = [];
    for (const type of ['log', 'system'] as const) {
      const narrow = operation !== undefined || asked.length > 0;
      const query: TraceQuery = {
        ...search,
        type,
        limit: narrow ? LOOKED_THROUGH : limit,
        // The store finds these without decoding anything.
        ...(type === 'log' && { sourceId: source }),
      };
      for (const trace of this.#store.query(query).traces) {
        if (trace.spans.some((span) => fits(span, operation, asked))) found.push(trace);
      }
    }
    found.sort((a, b) => b.startedAtMs - a.startedAtMs);
    return this.#joined(found.slice(0, limit));
  }

  /** Everything remembered of a trace; null: nothing. @param traceId up to 32 hexadecimal digits. */
  trace(traceId: string): JaegerTrace | null {
    const details = this.#store.get(traceId.padStart(32, '0'));
    return details === null ? null : this.#joined(details.traces)[0]!;
  }

  get #service(): string {
    return this.#resource().get('service.name') ?? 'unknown_service';
  }

  /** Logs of one request that share a trace id are one trace. */
  #joined(found: readonly FoundTrace[]): JaegerTrace[] {
    const byId = new Map<string, DecodedSpan[]>();
    for (const { traceId, spans } of found) {
      const list = byId.get(traceId);
      // Roots first, as people expect them.
      if (list === undefined) byId.set(traceId, [...spans].reverse());
      else list.push(...[...spans].reverse());
    }
    return [...byId].map(([id, spans]) => jaegerTrace(id, spans, this.#resource()));
  }
}

function fits(
  span: DecodedSpan,
  operation: string | undefined,
  tags: readonly (readonly [string, string])[],
): boolean {
  if (operation !== undefined && span.name !== operation) return false;
  return tags.every(([key, value]) => tagOf(span, key) === value);
}

/** As text, which is what tags are asked for as. */
function tagOf(span: DecodedSpan, key: string): string | undefined {
  if (key === 'error') return String(span.status.code === 2);
  if (key === 'span.kind') return KINDS[span.kind];
  const value = span.attributes.get(key);
  return value === undefined ? undefined : String(jsonAttributeValue(value));
}
