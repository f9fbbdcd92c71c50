import { describe, expect, test } from 'vitest';
import { deliveryOf } from '../../../test/fixtures/pipeline.ts';
import { Kernel } from '../../kernel/kernel.ts';
import { ContextRow } from '../../record/traced.ts';
import { ContextReader } from './context-reader.ts';

const TRACE_ID = '0af7651916cd43dd8448eb211c80319c';
const WITH = `{"msg":"x","traceparent":"00-${TRACE_ID}-b7ad6b7169203331-01"}`;
const IDS = `{"trace_id":"${TRACE_ID}","span_id":"b7ad6b7169203331"}`;
const WITHOUT = '{"msg":"none"}';
const GIVEN = 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa';
const kernel = Kernel.create({ memoryBytes: 2 ** 20, slotBytes: 2 ** 14, slotRecords: 100 });

const textOnly = new ContextReader(kernel, () => true);
const protocolOnly = new ContextReader(kernel, () => false);

function setUp(lines: readonly string[]) {
  const { batch } = deliveryOf(kernel, lines);
  const { contexts } = batch.slot;
  contexts.fill(0xff, 0, lines.length * ContextRow.size);
  const at = (row: number) => row * ContextRow.size;
  return {
    batch,
    /** As a source does that takes a context from its protocol. */
    give: () => {
      for (let row = 0; row < lines.length; row++) {
        contexts.fill(0xaa, at(row), at(row) + 16);
        contexts[at(row) + ContextRow.present] = 1;
      }
      batch.segments[0] = { ...batch.segments[0]!, hasContexts: true };
    },
    read: (reader: ContextReader, rows: readonly number[] | null = null) =>
      reader.read(batch, batch.segments[0]!, rows === null ? null : Uint32Array.from(rows)),
    readSampled: (reader: ContextReader) => reader.readSampled(batch, batch.segments[0]!),
    traces: () =>
      lines.map((_, row) => {
        const present = contexts[at(row) + ContextRow.present];
        if (present === 1) return Buffer.from(contexts.subarray(at(row), at(row) + 16)).toString('hex');
        return present === 0 ? null : 'not read';
      }),
  };
}

describe('read', () => {
  test('finds contexts in the text of sources that may carry them', () => {
    const { read, traces } = setUp([WITHOUT, WITH]);
    expect(read(textOnly)).toBe('some');
    expect(traces()).toEqual([null, TRACE_ID]);
  });

  test('says when there is none', () => {
    const { read } = setUp([WITHOUT, WITHOUT]);
    expect(read(textOnly)).toBe('none');
  });

  test('says when all have one', () => {
    const { read } = setUp([WITH, WITHOUT, IDS]);
    expect(read(textOnly, [0, 2])).toBe('all');
  });

  test('does not look at sources that carry none', () => {
    const { read, traces } = setUp([WITH]);
    expect(read(protocolOnly)).toBe('none');
    expect(traces()).toEqual(['not read']);
  });

  test('reads no other logs than it is asked for', () => {
    const { read, traces } = setUp([WITH, WITH, WITHOUT, WITH]);
    expect(read(textOnly, [1, 2])).toBe('some');
    expect(traces()).toEqual(['not read', TRACE_ID, null, 'not read']);
    expect(read(textOnly, [2])).toBe('none');
  });

  test('keeps what a source took from its protocol', () => {
    const { give, read, traces } = setUp(['plain', 'text']);
    give();
    expect(read(protocolOnly)).toBe('all');
    expect(traces()).toEqual([GIVEN, GIVEN]);
  });

  test('prefers the text to the protocol, however often it is called', () => {
    const { give, read, traces } = setUp([WITH, WITHOUT, WITHOUT]);
    give();
    expect([read(textOnly, [0, 1]), read(textOnly), read(textOnly, [2])]).toEqual(['all', 'all', 'all']);
    expect(traces()).toEqual([TRACE_ID, GIVEN, GIVEN]);
  });
});

describe('readSampled', () => {
  test('reads all logs when the text of one may say whether it is sampled', () => {
    const { readSampled, traces } = setUp([IDS, WITHOUT, WITH]);
    expect(readSampled(textOnly)).toBe(true);
    expect(traces()).toEqual([TRACE_ID, null, TRACE_ID]);
  });

  test('reads none when no text does', () => {
    const { readSampled, traces } = setUp([IDS, WITHOUT]);
    expect(readSampled(textOnly)).toBe(false);
    expect(traces()).toEqual(['not read', 'not read']);
  });

  test('goes by the protocol too', () => {
    const { give, readSampled, traces } = setUp([IDS, WITHOUT]);
    give();
    expect(readSampled(textOnly)).toBe(true);
    expect(traces()).toEqual([TRACE_ID, GIVEN]);
  });
});
