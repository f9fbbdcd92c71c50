/**
 * The rows of a trace as a waterfall: spans in the order of their flow, stages of compact spans from their events, and
 * under each sink the attempts that the batch's trace knows of. Pure; pages/traces/waterfall.tsx draws it.
 */
import type { Trace } from '../api/shapes.ts';
import { text } from '../format/value.ts';

export type Found = Trace['traces'][number];
export type Span = Found['spans'][number];
export type Look = 'whole' | 'queue' | 'work' | 'sent' | 'failed' | 'waiting';

export interface Row {
  readonly key: string;
  readonly depth: number;
  readonly name: string;
  readonly look: Look;
  /** Milliseconds since the beginning of the trace. */
  readonly from: number;
  readonly took: number;
  /** Beside the bar. */
  readonly note?: string;
  /** Belongs to the batch, not to this log. */
  readonly ofBatch?: boolean;
  /** The span, for its attributes; a stage of a compact span has that span. */
  readonly span: Span;
}

export interface Waterfall {
  readonly rows: readonly Row[];
  /** Milliseconds from the first beginning to the last end. */
  readonly length: number;
}

const SEND = /^sink\.(.+)\.send$/;

/** @param batch The trace of the batch that this log was in. */
export function waterfall(trace: Found, batch?: Found): Waterfall {
  const start = Math.min(...trace.spans.map((span) => micros(span.started_at)));
  const place = new Placing(start);
  const root = rootOf(trace);
  const rows = [
    place.row(root, 0, 'whole'),
    ...stagesOf(root, place),
    ...childrenOf(trace, root).flatMap((span) => spanRows(span, 1, trace, batch, place)),
  ];
  const length = Math.max(...rows.map(({ from, took }) => from + took), 0.001);
  return { rows, length };
}

export function rootOf(trace: Found): Span {
  const ids = new Set(trace.spans.map(({ span_id }) => span_id));
  return (
    trace.spans.find(({ parent_span_id: parent }) => parent === null || !ids.has(parent)) ?? trace.spans[0]!
  );
}

function childrenOf(trace: Found, parent: Span): Span[] {
  return trace.spans
    .filter((span) => span !== parent && span.parent_span_id === parent.span_id)
    .sort((a, b) => micros(a.started_at) - micros(b.started_at) || a.name.localeCompare(b.name));
}

function spanRows(span: Span, depth: number, trace: Found, batch: Found | undefined, place: Placing): Row[] {
  const sink = SEND.exec(span.name)?.[1];
  const failed = span.status.code === 'error';
  const look: Look = failed
    ? 'failed'
    : sink !== undefined
      ? 'sent'
      : span.name === 'dispatcher.queue'
        ? 'queue'
        : 'work';
  const own = place.row(span, depth, look, noteOf(span));
  const attempts =
    sink === undefined || batch === undefined ? [] : attemptRows(span.name, batch, depth + 1, place);
  const below = childrenOf(trace, span).flatMap((child) => spanRows(child, depth + 1, trace, batch, place));
  return [own, ...attempts, ...below];
}

/** Of a sink that took more than one, or failed. */
function attemptRows(name: string, batch: Found, depth: number, place: Placing): Row[] {
  const sends = batch.spans
    .filter((span) => span.name === name)
    .sort((a, b) => micros(a.started_at) - micros(b.started_at));
  if (sends.length === 1 && sends[0]!.status.code !== 'error') return [];
  return sends.flatMap((send, index) => {
    const number = send.attributes['log_capturer.attempt'] ?? index + 1;
    const answer = send.attributes['http.response.status_code'];
    const failed = send.status.code === 'error';
    const row: Row = {
      ...place.row(send, depth, failed ? 'failed' : 'sent', noteOf(send)),
      name: `attempt ${text(number)}${answer === undefined ? '' : `: ${text(answer)}`}`,
      ofBatch: true,
    };
    const next = sends[index + 1];
    if (next === undefined) return [row];
    const from = row.from + row.took;
    const took = (micros(next.started_at) - micros(send.ended_at)) / 1000;
    const wait: Row = {
      ...row,
      key: `${row.key}-wait`,
      name: 'waiting to retry',
      look: 'waiting',
      from,
      took,
    };
    const { note: _, ...without } = wait;
    return [row, without];
  });
}

/** A compact span tells its stages by events (src/tracing/spans): dispatched, processed, sent <sink>. */
function stagesOf(root: Span, place: Placing): Row[] {
  const begin = micros(root.started_at);
  let before = begin;
  const events = root.events.toSorted((a, b) => micros(a.at) - micros(b.at));
  return events.flatMap(({ name, at }, index) => {
    const end = micros(at);
    const sent = /^sent (.+)$/.exec(name)?.[1];
    const from = before;
    if (sent === undefined) before = end;
    const shown =
      { dispatched: 'queue', processed: 'processors' }[name] ??
      (sent === undefined ? name : `sent to ${sent}`);
    const look: Look = sent !== undefined ? 'sent' : name === 'dispatched' ? 'queue' : 'work';
    return [{ ...place.span(root, from, end), key: `${root.span_id}-${index}`, depth: 1, name: shown, look }];
  });
}

function noteOf(span: Span): string | undefined {
  return span.status.code === 'error'
    ? (span.status.message ?? text(span.attributes['error.type'] ?? 'failed'))
    : undefined;
}

class Placing {
  readonly #start: number;

  /** @param start Microseconds. */
  constructor(start: number) {
    this.#start = start;
  }

  row(span: Span, depth: number, look: Look, note?: string): Row {
    // The API's own figure, so that the page never says another one.
    const placed = {
      ...this.span(span, micros(span.started_at), micros(span.ended_at)),
      took: span.duration_ms,
    };
    return {
      ...placed,
      key: span.span_id,
      depth,
      name: span.name,
      look,
      ...(note !== undefined && { note }),
    };
  }

  span(span: Span, from: number, to: number): { from: number; took: number; span: Span } {
    return { from: (from - this.#start) / 1000, took: (to - from) / 1000, span };
  }
}

/** Microseconds since 1970 of ISO 8601 with up to six decimals; Date.parse knows only three. */
export function micros(iso: string): number {
  const fraction = /\.(\d+)/.exec(iso)?.[1] ?? '';
  const seconds = Date.parse(iso.replace(/\.\d+/, ''));
  return seconds * 1000 + Number(fraction.padEnd(6, '0').slice(0, 6));
}

/** Of the axis, in milliseconds: 0 and at most so many more, at 1, 2, 2.5 or 5 times a power of ten. */
export function ticksOf(length: number, most: number): number[] {
  const power = 10 ** Math.floor(Math.log10(length / most));
  const step = [1, 2, 2.5, 5, 10].map((each) => each * power).find((each) => length / each <= most + 0.5)!;
  return Array.from({ length: Math.floor(length / step) + 1 }, (_, index) =>
    Number((index * step).toPrecision(6)),
  );
}
