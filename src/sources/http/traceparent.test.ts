import { expect, test } from 'vitest';
import { ContextRow } from '../../record/traced.ts';
import { contextOf, fillContexts } from './traceparent.ts';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const SPAN = 'b7ad6b7169203331';

test.each([
  [`00-${TRACE}-${SPAN}-01`, 1],
  [` 00-${TRACE}-${SPAN}-00 `, 0],
  [`cc-${TRACE}-${SPAN}-03-what-ever`, 3],
])('%s is a context', (header, flags) => {
  const row = Buffer.from(contextOf(header)!);
  expect(row.toString('hex', ContextRow.traceId, 16)).toBe(TRACE);
  expect(row.toString('hex', ContextRow.spanId, 24)).toBe(SPAN);
  expect([row[ContextRow.flags], row[ContextRow.present]]).toEqual([flags, 1]);
});

test.each([undefined, `ff-${TRACE}-${SPAN}-01`])('%s is none', (header) => {
  expect(contextOf(header)).toBeUndefined();
});

test.each([1, 2, 3, 7, 8])('fills %d rows and no more', (count) => {
  const column = new Uint8Array(10 * ContextRow.size);
  fillContexts(column, count, contextOf(`00-${TRACE}-${SPAN}-01`)!);
  const present = Array.from({ length: 10 }, (_, row) => column[row * ContextRow.size + ContextRow.present]);
  expect(present).toEqual(Array.from({ length: 10 }, (_, row) => (row < count ? 1 : 0)));
});
