import { constants, crc32, deflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import type { Run } from '../../src/tracing/store/run.ts';
import {
  type AnyValueObject,
  encode,
  ResourceType,
  ScopeSpansType,
  ScopeType,
  type SpanObject,
} from './otlp-trace.ts';

/** Encoded spans for tests of whatever takes runs, made by a library that shares no code with the agent. */

/** A run of these spans, held by nobody. */
export function runOf(spans: readonly SpanObject[], scope: Buffer | null = null): Run {
  const bytes = encode(ScopeSpansType, { spans });
  return { bytes, deflated: null, spans: spans.length, type: 'log', meta: null, scope, holders: 0 };
}

/** The same run compressed, by a library that shares no code with the kernel. */
export function deflated(run: Run): Run {
  const bytes = deflateRawSync(run.bytes, { finishFlush: constants.Z_SYNC_FLUSH });
  const register = ~crc32(run.bytes, 0xffffffff) >>> 0;
  return { ...run, bytes, deflated: { length: run.bytes.length, register } };
}

/** A run of `count` traces of `spansPerTrace` spans each; the traces' ids count up from `first`. */
export function tracesRun(count: number, spansPerTrace = 1, first = 1): Run {
  const spans: SpanObject[] = [];
  for (let trace = first; trace < first + count; trace++) {
    for (let n = 0; n < spansPerTrace; n++) spans.push(plainSpan(trace, n));
  }
  return runOf(spans);
}

/** Span `n` of the trace with that number. */
export function plainSpan(trace: number, n = 0): SpanObject {
  const traceId = Buffer.alloc(16);
  traceId.writeUInt32BE(trace, 12);
  const spanId = Buffer.alloc(8);
  spanId.writeUInt32BE(n + 1, 4);
  return {
    traceId,
    spanId,
    name: 'log.process',
    kind: 1,
    startTimeUnixNano: '1795370711042000000',
    endTimeUnixNano: '1795370711054345000',
  };
}

const id = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const text = fc.string({ unit: 'binary', maxLength: 20 });
const count = fc.nat(1000);
const time = fc.bigInt({ min: 1n, max: 2n ** 64n - 1n }).map(String);

const { keyValues } = fc.letrec<{ anyValue: AnyValueObject; keyValues: never }>((tie) => ({
  anyValue: fc.oneof(
    { maxDepth: 2, depthIdentifier: 'value' },
    fc.record({ stringValue: text }),
    fc.record({ boolValue: fc.boolean() }),
    fc.record({ intValue: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String) }),
    // Without the negative zero, which JSON does not tell from the other.
    fc.record({ doubleValue: fc.double({ noNaN: true }).map((value) => value + 0) }),
    fc.record({ bytesValue: fc.uint8Array({ maxLength: 5 }) }),
    fc.record({ arrayValue: fc.record({ values: fc.array(tie('anyValue'), { maxLength: 3 }) }) }),
    fc.record({ kvlistValue: fc.record({ values: tie('keyValues') }) }),
  ),
  keyValues: fc.uniqueArray(fc.record({ key: text, value: tie('anyValue') }), {
    selector: (each) => each.key,
    maxLength: 3,
  }) as never,
}));

/** Any span that OTLP can express. */
export const anySpan: fc.Arbitrary<SpanObject> = fc.record(
  {
    traceId: id(16),
    spanId: id(8),
    parentSpanId: id(8),
    traceState: text,
    name: text,
    kind: fc.integer({ min: 1, max: 5 }),
    startTimeUnixNano: time,
    endTimeUnixNano: time,
    attributes: keyValues,
    droppedAttributesCount: count,
    events: fc.array(
      fc.record({ timeUnixNano: time, name: text, attributes: keyValues, droppedAttributesCount: count }),
      { maxLength: 3 },
    ),
    droppedEventsCount: count,
    links: fc.array(
      fc.record({
        traceId: id(16),
        spanId: id(8),
        traceState: text,
        attributes: keyValues,
        droppedAttributesCount: count,
        flags: fc.nat(),
      }),
      { maxLength: 3 },
    ),
    droppedLinksCount: count,
    status: fc.record({ code: fc.integer({ min: 0, max: 2 }), message: text }),
    flags: fc.nat(),
  },
  { requiredKeys: ['traceId', 'spanId', 'name'] },
);

/** Who made the spans. */
export const RESOURCE = {
  attributes: [
    { key: 'service.name', value: { stringValue: 'log-capturer' } },
    { key: 'host.name', value: { stringValue: 'test' } },
  ],
};
export const SCOPE = { name: 'log-capturer', version: '1.2.3' };

/** The same, encoded. */
export const ENVELOPE = { resource: encode(ResourceType, RESOURCE), scope: encode(ScopeType, SCOPE) };

/** What spans leave to their scope, as in `Run.scope`. */
export function scopeOf(attributes: Readonly<Record<string, string>>): Buffer {
  return encode(ScopeType, { attributes: keyValuesOf(attributes) });
}

export function keyValuesOf(attributes: Readonly<Record<string, string>>) {
  return Object.entries(attributes).map(([key, stringValue]) => ({ key, value: { stringValue } }));
}
