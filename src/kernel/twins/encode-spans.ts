import { PatchKind, type SpanTemplate } from '../span-template.ts';
import { spanIdOf } from '../trace-ids.ts';

export interface TwinSpan {
  readonly row: number;
  readonly size: number;
  /** Position in the stream. */
  readonly offset: number;
  /** Trace id and span id that came with the log. */
  readonly context: { readonly traceId: Uint8Array; readonly spanId: Uint8Array };
  readonly blob: Uint8Array;
}

/** Twin of `Kernel.encodeSpans`: the spans of one log. */
export function encodeSpan(
  template: SpanTemplate,
  { seed, threshold }: { seed: bigint; threshold: bigint },
  { row, size, offset, context, blob }: TwinSpan,
): Buffer {
  const bytes = Buffer.concat([template.bytes, blob]);
  for (const { at, kind, argument } of template.patches) {
    const contents = {
      [PatchKind.spanId]: () => spanIdOf(seed, threshold, row, argument),
      [PatchKind.incomingParentSpanId]: () => context.spanId,
      [PatchKind.size]: () => padded(size, 4),
      [PatchKind.offset]: () => padded(offset, 8),
      [PatchKind.offsetLow]: () => padded(offset, 8).subarray(0, 4),
      [PatchKind.uid]: () => Buffer.from((offset % 2 ** 48).toString(16).padStart(12, '0')),
      [PatchKind.rootLength]: () => padded(bytes.length - at - 4, 4),
      [PatchKind.incomingTraceId]: () => context.traceId,
    };
    bytes.set(contents[kind](), at);
  }
  return bytes;
}

function padded(value: number, width: number): Buffer {
  let rest = BigInt(value);
  const bytes = Buffer.alloc(width);
  for (let i = 0; i < width; i++, rest >>= 7n) bytes[i] = Number(rest & 127n) | (i < width - 1 ? 128 : 0);
  return bytes;
}
