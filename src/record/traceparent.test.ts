import { expect, test } from 'vitest';
import { parseTraceparent } from './traceparent.ts';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const SPAN = 'b7ad6b7169203331';

test.each([
  [`00-${TRACE}-${SPAN}-01`, 1],
  [`00-${TRACE}-${SPAN}-00`, 0],
  [`00-${TRACE}-${SPAN}-fe`, 254],
  [` 00-${TRACE}-${SPAN}-03 `, 3],
])('%j names a span', (header, flags) => {
  expect(parseTraceparent(header)).toEqual({ traceId: TRACE, spanId: SPAN, flags });
});

test.each([`cc-${TRACE}-${SPAN}-01`, `cc-${TRACE}-${SPAN}-01-what-the-future-holds`])(
  'later versions may say more: %j',
  (header) => {
    expect(parseTraceparent(header)).toEqual({ traceId: TRACE, spanId: SPAN, flags: 1 });
  },
);

test.each([
  ['no header', undefined],
  ['nothing', ''],
  ['garbage', 'garbage'],
  ['no flags', `00-${TRACE}-${SPAN}`],
  ['the forbidden version', `ff-${TRACE}-${SPAN}-01`],
  ['version 00 with more', `00-${TRACE}-${SPAN}-01-x`],
  ['upper case', `00-${TRACE.toUpperCase()}-${SPAN}-01`],
  ['a trace id of zeros', `00-${'0'.repeat(32)}-${SPAN}-01`],
  ['a span id of zeros', `00-${TRACE}-${'0'.repeat(16)}-01`],
  ['a short id', `00-${TRACE.slice(1)}-${SPAN}-01`],
  ['two in one', `00-${TRACE}-${SPAN}-01,00-${TRACE}-${SPAN}-01`],
])('%s names none', (_, header) => {
  expect(parseTraceparent(header)).toBeNull();
});
