import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type AnyValueObject,
  encode,
  type KeyValueObject,
  ResourceType,
  ScopeType,
  type SpanObject,
} from '../../../test/stubs/otlp-trace.ts';
import { anySpan, plainSpan, runOf } from '../../../test/stubs/spans.ts';
import { MalformedProtobuf } from './protobuf-reader.ts';
import { type AttributeValue, decodeResource, decodeScope, decodeSpans } from './spans-decoder.ts';

function attributes(list: readonly KeyValueObject[] = []): Map<string, AttributeValue> {
  return new Map(list.map(({ key, value }) => [key, attribute(value)]));
}

function attribute(value: AnyValueObject): AttributeValue {
  if (value.intValue !== undefined) return BigInt(value.intValue);
  if (value.bytesValue !== undefined) return Buffer.from(value.bytesValue);
  if (value.arrayValue !== undefined) return value.arrayValue.values.map(attribute);
  if (value.kvlistValue !== undefined) return attributes(value.kvlistValue.values);
  return value.stringValue ?? value.boolValue ?? value.doubleValue ?? null;
}

const hex = (bytes: Uint8Array | undefined) => Buffer.from(bytes ?? []).toString('hex');

function expected(span: SpanObject) {
  return {
    traceId: hex(span.traceId),
    spanId: hex(span.spanId),
    parentSpanId: hex(span.parentSpanId),
    traceState: span.traceState ?? '',
    flags: span.flags ?? 0,
    name: span.name,
    kind: span.kind ?? 0,
    startTimeUnixNano: BigInt(span.startTimeUnixNano ?? 0),
    endTimeUnixNano: BigInt(span.endTimeUnixNano ?? 0),
    attributes: attributes(span.attributes),
    droppedAttributesCount: span.droppedAttributesCount ?? 0,
    events: (span.events ?? []).map((event) => ({
      ...event,
      timeUnixNano: BigInt(event.timeUnixNano),
      attributes: attributes(event.attributes),
    })),
    droppedEventsCount: span.droppedEventsCount ?? 0,
    links: (span.links ?? []).map((link) => ({
      ...link,
      traceId: hex(link.traceId),
      spanId: hex(link.spanId),
      attributes: attributes(link.attributes),
    })),
    droppedLinksCount: span.droppedLinksCount ?? 0,
    status: { code: 0, message: '', ...span.status },
  };
}

describe('decodeSpans', () => {
  test('finds everything that another encoder wrote', () => {
    fc.assert(
      fc.property(fc.array(anySpan, { maxLength: 4 }), (spans) => {
        expect(decodeSpans(runOf(spans).bytes)).toEqual(spans.map(expected));
      }),
      { numRuns: 200 },
    );
  });

  test('reads padded lengths and numbers, and skips fields it does not know', () => {
    const name = Buffer.from([0x2a, 0x82, 0x80, 0x80, 0x00, 0x68, 0x69]);
    const size = [0x4a, 0x8e, 0x80, 0x00, 0x0a, 0x01, 0x73, 0x12, 0x88, 0x00, 0x18];
    const paddedSize = Buffer.from([...size, 0xac, 0x82, 0x80, 0x80, 0x80, 0x80, 0x00]);
    const unknown = Buffer.from([
      0xa0, 0x06, 0x05, 0xa9, 0x06, 1, 2, 3, 4, 5, 6, 7, 8, 0xb5, 0x06, 1, 2, 3, 4,
    ]);
    const content = Buffer.concat([name, unknown, paddedSize]);
    const [span] = decodeSpans(
      Buffer.concat([Buffer.from([0x12, 0x80 + content.length, 0x80, 0x00]), content]),
    );
    expect(span).toMatchObject({ name: 'hi', attributes: new Map([['s', 300n]]) });
  });

  test('keeps its values when the bytes are overwritten', () => {
    const value = { bytesValue: Buffer.from('kept') };
    const { bytes } = runOf([{ ...plainSpan(1), attributes: [{ key: 'k', value }] }]);
    const [span] = decodeSpans(bytes);
    bytes.fill(0);
    expect(span).toMatchObject({ name: 'log.process', attributes: new Map([['k', Buffer.from('kept')]]) });
  });

  test('refuses bytes that end too early, wherever they are cut', () => {
    const { bytes } = runOf([{ ...plainSpan(1), attributes: [{ key: 'k', value: { doubleValue: 1 } }] }]);
    for (let length = 1; length < bytes.length; length++) {
      expect(() => decodeSpans(bytes.subarray(0, length))).toThrow(MalformedProtobuf);
    }
  });

  test('never reads beyond its bytes nor fails otherwise than it says, whatever they are', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        try {
          decodeSpans(Buffer.from(bytes));
        } catch (error) {
          expect(error).toBeInstanceOf(MalformedProtobuf);
        }
      }),
    );
  });
});

test('decodeResource finds the attributes', () => {
  const resource = encode(ResourceType, {
    attributes: [{ key: 'service.name', value: { stringValue: 'log-capturer' } }],
    droppedAttributesCount: 2,
  });
  expect(decodeResource(resource)).toEqual(new Map([['service.name', 'log-capturer']]));
});

test('decodeScope finds name, version and attributes', () => {
  const scope = {
    name: 'log-capturer',
    version: '1',
    attributes: [{ key: 'a', value: { boolValue: true } }],
  };
  expect(decodeScope(encode(ScopeType, scope))).toEqual({ ...scope, attributes: new Map([['a', true]]) });
});
