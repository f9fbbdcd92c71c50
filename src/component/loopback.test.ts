import { expect, test } from 'vitest';
import { isLoopback } from './loopback.ts';

test.each(['localhost', '::1', '127.0.0.1', '127.1.2.3'])('%s is loopback', (host) => {
  expect(isLoopback(host)).toBe(true);
});

test.each(['', '0.0.0.0', '::', '10.0.0.1', '127.0.0.1.example.com', 'localhost.example.com', '127.1'])(
  '%j is not',
  (host) => {
    expect(isLoopback(host)).toBe(false);
  },
);
