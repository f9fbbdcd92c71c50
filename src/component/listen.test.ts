import { expect, test } from 'vitest';
import { isLocal, listenAddress, parseListen } from './listen.ts';

test.each([
  ['127.0.0.1:8080', { host: '127.0.0.1', port: 8080 }],
  ['logs.example.com:80', { host: 'logs.example.com', port: 80 }],
  ['[::1]:0', { host: '::1', port: 0 }],
  [':65535', { port: 65_535 }],
])('%s is an address', (text, expected) => {
  expect(parseListen(text)).toEqual(expected);
});

test.each(['', '8080', '127.0.0.1', '127.0.0.1:', '::1:80', '[zz]:80', 'a:65536', 'a b:1', 'http://a:1'])(
  '%j is none, and the schema says what is',
  (text) => {
    expect(parseListen(text)).toBeUndefined();
    expect(listenAddress().safeParse(text).error?.issues[0]?.message).toMatch(/^expected host:port/);
  },
);

test.each([
  ['127.0.0.1:1', true],
  ['127.9.9.9:1', true],
  ['localhost:1', true],
  ['[::1]:1', true],
  ['0.0.0.0:1', false],
  [':1', false],
  ['[::]:1', false],
  ['example.com:1', false],
])('%s is local: %s', (text, local) => {
  expect(isLocal(parseListen(text)!)).toBe(local);
});
