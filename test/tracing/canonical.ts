/**
 * Decoded spans in a form in which two makers of the same spans agree although their ids differ: ids are replaced by what
 * a span is (`log /var/log/a.log 178 > dispatcher.queue`), attributes keep their OTLP types, lists have one order.
 */

export type RawSpan = Readonly<Record<string, unknown>>;

export interface CanonicalSpan {
  readonly id: string;
  readonly trace: string;
  readonly parent: string | null;
  readonly name: string;
  readonly kind: number;
  readonly start: string;
  readonly end: string;
  readonly traceState: string;
  /** W3C's `sampled`, and OTLP's two bits that say whether the parent is remote. */
  readonly flags: number;
  readonly attributes: Readonly<Record<string, string>>;
  readonly droppedAttributes: number;
  readonly events: readonly object[];
  readonly links: readonly string[];
  readonly droppedLinks: number;
  readonly status: object;
}

interface RawAttribute {
  readonly key: string;
  readonly value: object;
}

interface RawEvent {
  readonly name: string;
  readonly timeUnixNano: string;
  readonly attributes?: readonly RawAttribute[];
}

/** Made from the log's time and position in a way of the agent's own; checked apart. */
const UID = 'log.record.uid';
/** W3C level 2: the trace id is random. The agent says so, the SDK does not. */
const RANDOM = 0x02;

export function canonical(spans: readonly RawSpan[]): CanonicalSpan[] {
  const bySpanId = new Map(spans.map((span) => [hex(span.spanId), span]));
  const labels = new Map<string, string>();
  const label = (span: RawSpan): string => {
    const id = hex(span.spanId);
    let text = labels.get(id);
    if (text === undefined) {
      const parent = bySpanId.get(hex(span.parentSpanId));
      text = parent === undefined ? ownLabel(span) : `${label(parent)} > ${ownLabel(span)}`;
      labels.set(id, text);
    }
    return text;
  };
  for (const span of spans) label(span);
  const reference = (id: unknown) => labels.get(hex(id)) ?? hex(id);
  const traces = new Map(
    spans.filter((span) => hex(span.parentSpanId) === '').map((span) => [hex(span.traceId), label(span)]),
  );
  return spans
    .map((span): CanonicalSpan => {
      const { attributes, events, links } = span as {
        attributes?: RawAttribute[];
        events?: RawEvent[];
        links?: { traceId: Buffer; spanId: Buffer }[];
      };
      const { [UID]: _, ...plain } = attributesOf(attributes);
      return {
        id: label(span),
        trace: traces.get(hex(span.traceId)) ?? hex(span.traceId),
        parent: hex(span.parentSpanId) === '' ? null : reference(span.parentSpanId),
        name: span.name as string,
        kind: span.kind as number,
        start: span.startTimeUnixNano as string,
        end: span.endTimeUnixNano as string,
        // The agent says it once a trace, where it was decided: at the root. The SDK repeats it in every child.
        traceState: hex(span.parentSpanId) === '' ? ((span.traceState as string | undefined) ?? '') : '',
        flags: ((span.flags as number | undefined) ?? 0) & ~RANDOM,
        attributes: plain,
        droppedAttributes: (span.droppedAttributesCount as number | undefined) ?? 0,
        events: (events ?? []).map((event) => ({
          name: event.name,
          time: event.timeUnixNano,
          attributes: attributesOf(event.attributes),
        })),
        links: (links ?? [])
          .map(({ traceId, spanId }) => `${traces.get(hex(traceId)) ?? hex(traceId)} / ${reference(spanId)}`)
          .toSorted(),
        droppedLinks: (span.droppedLinksCount as number | undefined) ?? 0,
        status: (span.status as object | undefined) ?? {},
      };
    })
    .toSorted((a, b) => (a.id < b.id ? -1 : 1));
}

/** What tells a span from its siblings. */
function ownLabel(span: RawSpan): string {
  const attributes = attributesOf(span.attributes as RawAttribute[] | undefined);
  const name = span.name as string;
  if (name === 'log.process') return `log ${attributes['log.source']} ${attributes['log.offset']}`;
  if (name === 'dispatcher.process_batch') return `batch ${attributes['log_capturer.batch.id']}`;
  const attempt = attributes['log_capturer.attempt'];
  return attempt === undefined ? name : `${name} ${attempt}`;
}

/** Values with their types, such as `intValue 5`. */
function attributesOf(attributes: readonly RawAttribute[] = []): Record<string, string> {
  const result: Record<string, string> = {};
  for (const { key, value } of attributes) {
    if (Object.hasOwn(result, key)) throw new Error(`two attributes ${key}`);
    const [type, content] = Object.entries(value)[0] ?? ['nothing', ''];
    result[key] = `${type.replace('Value', '')} ${content}`;
  }
  return result;
}

export function hex(id: unknown): string {
  return id === undefined ? '' : Buffer.from(id as Uint8Array).toString('hex');
}
