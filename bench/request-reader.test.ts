import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type RequestEnd, RequestReader } from './request-reader.ts';

function reader() {
  const ended: RequestEnd[] = [];
  let continues = 0;
  const it = new RequestReader({
    expectsContinue: () => continues++,
    ended: (request) => ended.push(request),
  });
  return { it, ended, continues: () => continues };
}

const post = (path: string, body: string, more = '') =>
  `POST ${path} HTTP/1.1\r\nHost: x\r\ncontent-LENGTH: ${Buffer.byteLength(body)}\r\n${more}\r\n${body}`;

test('requests are counted however their bytes are cut', () => {
  const text =
    post('/push', 'abc\n') +
    post('/lines', 'a\nb\n\r\n\r\n') +
    'GET /stats HTTP/1.1\r\n\r\n' +
    post('/lines', '');
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }), (sizes) => {
      const { it, ended } = reader();
      const bytes = Buffer.from(text);
      for (let at = 0, turn = 0; at < bytes.length; turn++) {
        const size = sizes[turn % sizes.length]!;
        it.push(bytes.subarray(at, at + size));
        at += size;
      }
      expect(ended).toEqual([
        { method: 'POST', path: '/push', bodyBytes: 4, lines: 0 },
        { method: 'POST', path: '/lines', bodyBytes: 8, lines: 4 },
        { method: 'GET', path: '/stats', bodyBytes: 0, lines: 0 },
        { method: 'POST', path: '/lines', bodyBytes: 0, lines: 0 },
      ]);
    }),
  );
});

test('a client that waits for permission to send gets it once', () => {
  const { it, ended, continues } = reader();
  it.push(Buffer.from(post('/push', 'abc', 'Expect: 100-continue\r\n').slice(0, -3)));
  expect(continues()).toBe(1);
  expect(ended).toEqual([]);
  it.push(Buffer.from('abc'));
  expect(ended).toHaveLength(1);
  expect(continues()).toBe(1);
});

test('a body of unknown length is refused', () => {
  const { it } = reader();
  expect(() => it.push(Buffer.from('POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n'))).toThrow(
    /Content-Length/,
  );
});

test('an endless head is refused', () => {
  const { it } = reader();
  expect(() => it.push(Buffer.alloc(70_000, 'a'))).toThrow(/64 KiB/);
});
