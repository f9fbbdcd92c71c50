import { ContextFlag } from '../context-row.ts';

export interface TwinContext {
  readonly traceId: string;
  readonly spanId: string;
  readonly flags: number;
}

const SPACE = String.raw`[ \t\r\n]*`;
const HEX = '[0-9a-fA-F]';
/** Nothing is consumed, so that what looks like two fields at once is seen twice. */
const field = (name: string, value: string) => new RegExp(`(?="${name}"${SPACE}:${SPACE}${value})`, 'g');

const PARENT = field('traceparent', `"00-(${HEX}{32})-(${HEX}{16})-(${HEX}{2})"`);
const TRACE_ID = field('trace_id', `"(${HEX}{32})"`);
const SPAN_ID = field('span_id', `"(${HEX}{16})"`);
const FLAGS = field('trace_flags', `(?:"(${HEX}{2})"|([0-9]+)(?=[, \\t\\r\\n}]|$))`);

/** Twin of `Kernel.extractContexts`: the context of one record; null: it has none. */
export function extractContext(record: Uint8Array): TwinContext | null {
  const text = Buffer.from(record).toString('latin1');
  const isId = (hex: string) => !/^0+$/.test(hex);
  const parent = [...text.matchAll(PARENT)].find((match) => isId(match[1]!) && isId(match[2]!));
  if (parent !== undefined) {
    const [, traceId, spanId, flags] = parent;
    return contextOf(traceId!, spanId!, Number.parseInt(flags!, 16) & 0x7f);
  }
  const traceId = [...text.matchAll(TRACE_ID)].map((match) => match[1]!).find(isId);
  const spanId = [...text.matchAll(SPAN_ID)].map((match) => match[1]!).find(isId);
  const flags = [...text.matchAll(FLAGS)]
    .map(([, hex, decimal]) => (hex === undefined ? Number(decimal) : Number.parseInt(hex, 16)))
    .find((value) => value < 256);
  if (traceId === undefined || spanId === undefined) return null;
  return contextOf(traceId, spanId, flags === undefined ? ContextFlag.unknown : flags & 0x7f);
}

function contextOf(traceId: string, spanId: string, flags: number): TwinContext {
  return { traceId: traceId.toLowerCase(), spanId: spanId.toLowerCase(), flags };
}
