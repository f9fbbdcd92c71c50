/**
 * Spans on standard error, one a line: standard output belongs to the stdout sink. For people (`text`) or programs
 * (`json`: OTLP's JSON of a span).
 */
import { RetryableError } from '../../component/errors.ts';
import { type AttributeValue, type DecodedSpan, withScope } from '../spans/spans-decoder.ts';
import { jsonAttributeValue, jsonSpan } from './otlp-json.ts';
import { spansInTurns } from './spans-in-turns.ts';
import type { EncodedSpans, Transport } from './transport.ts';

/** Where lines go: a stream such as `process.stderr`. */
export interface LineOutput {
  write(text: string, callback: (error?: Error | null) => void): unknown;
}

export class ConsoleTransport implements Transport {
  readonly #format: (span: DecodedSpan) => string;
  readonly #output: LineOutput;

  constructor(format: 'text' | 'json', output: LineOutput) {
    this.#format = format === 'text' ? textLine : (span) => JSON.stringify(jsonSpan(span));
    this.#output = output;
  }

  async send(batch: readonly EncodedSpans[], signal: AbortSignal): Promise<void> {
    for await (const { spans, scope } of spansInTurns(batch, signal)) {
      await this.#write(spans.map((span) => `${this.#format(withScope(span, scope))}\n`).join(''));
    }
  }

  async close(): Promise<void> {}

  #write(text: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#output.write(text, (error) => {
        if (error)
          reject(
            new RetryableError(`cannot write spans: ${error.message}`, { reason: 'io_error', cause: error }),
          );
        else resolve();
      });
    });
  }
}

const STATUS = ['', '', ' ERROR'];

/** `2026-11-22T18:05:11.042Z log.process 12.345ms trace=… span=… parent=… ERROR "message" key=value …` */
export function textLine(span: DecodedSpan): string {
  const { traceId, spanId, parentSpanId, status, name } = span;
  const start = new Date(Number(span.startTimeUnixNano / 1_000_000n)).toISOString();
  const duration = Number((span.endTimeUnixNano - span.startTimeUnixNano) / 1000n) / 1000;
  const parent = parentSpanId === '' ? '' : ` parent=${parentSpanId}`;
  const message = status.message === '' ? '' : ` ${JSON.stringify(status.message)}`;
  const attributes = [...span.attributes].map(([key, value]) => ` ${word(key)}=${valueText(value)}`).join('');
  const events = span.events.map((event) => ` +${word(event.name)}`).join('');
  const outcome = `${STATUS[status.code] ?? ''}${message}`;
  return `${start} ${word(name)} ${duration}ms trace=${traceId} span=${spanId}${parent}${outcome}${attributes}${events}`;
}

function valueText(value: AttributeValue): string {
  if (typeof value === 'string') return word(value);
  const plain = jsonAttributeValue(value);
  return typeof plain === 'string' ? word(plain) : JSON.stringify(plain);
}

/** In quotes when it would not be read as one word; never with control characters, which could steer a terminal. */
function word(text: string): string {
  if (/^[^\s"=\p{C}]+$/u.test(text)) return text;
  return JSON.stringify(text).replaceAll(/\p{C}/gu, (character) => unicodeEscape(character));
}

function unicodeEscape(character: string): string {
  return Array.from({ length: character.length }, (_, i) => {
    return `\\u${character.charCodeAt(i).toString(16).padStart(4, '0')}`;
  }).join('');
}
