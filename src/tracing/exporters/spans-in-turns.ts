import { plainSpans } from '../spans/span-run.ts';
import {
  type Attributes,
  type DecodedSpan,
  decodeScopeAttributes,
  decodeSpans,
} from '../spans/spans-decoder.ts';
import { cutSpans } from './cut-spans.ts';
import type { EncodedSpans } from './transport.ts';

/** Decoding and writing these takes about a millisecond: as long as logs may have to wait for it. */
const SPANS_A_TURN = 128;

/** Spans of one scope. */
export interface Portion {
  readonly spans: readonly DecodedSpan[];
  /** Attributes that the spans leave to their scope. */
  readonly scope: Attributes;
}

/**
 * Decodes a batch in portions, between which the pipeline has its turn. For transports whose format is not OTLP protobuf.
 * Throws `MalformedProtobuf`.
 */
export async function* spansInTurns(
  batch: readonly EncodedSpans[],
  signal: AbortSignal,
): AsyncGenerator<Portion> {
  for (const piece of batch) {
    const scope = decodeScopeAttributes(piece.scope);
    for (let rest = plainSpans(piece); rest.length > 0; ) {
      const { end } = cutSpans(rest, SPANS_A_TURN, Number.POSITIVE_INFINITY);
      yield { spans: decodeSpans(rest.subarray(0, end)), scope };
      rest = rest.subarray(end);
      await new Promise((resolve) => setImmediate(resolve));
      signal.throwIfAborted();
    }
  }
}
