import { describe, expect, test } from 'vitest';
import { Pool } from './pool.ts';

const never = new AbortController().signal;

describe('Pool', () => {
  test('hands out each thing once', () => {
    const pool = new Pool(['a', 'b']);
    expect([pool.take(), pool.take(), pool.take()]).toEqual(['a', 'b', undefined]);
  });

  test('counts what nobody holds', () => {
    const pool = new Pool(['a', 'b']);
    pool.take();
    expect([pool.size, pool.free]).toEqual([2, 1]);
  });

  test('hands out first what was given back last', () => {
    const pool = new Pool(['a', 'b', 'c']);
    const [a, b] = [pool.take()!, pool.take()!];
    pool.give(b);
    pool.give(a);
    expect([pool.take(), pool.take(), pool.take()]).toEqual(['a', 'b', 'c']);
  });

  test('acquires at once what is free', async () => {
    await expect(new Pool(['a']).acquire(never)).resolves.toBe('a');
  });

  test('serves those who wait in the order they asked', async () => {
    const pool = new Pool(['a']);
    const item = pool.take()!;
    const served: number[] = [];
    const waiting = [0, 1].map(async (i) => {
      const own = await pool.acquire(never);
      served.push(i);
      pool.give(own);
    });
    pool.give(item);
    await Promise.all(waiting);
    expect(served).toEqual([0, 1]);
    expect(pool.free).toBe(1);
  });

  test('keeps nothing back for one who gave up waiting', async () => {
    const pool = new Pool(['a']);
    const item = pool.take()!;
    const abort = new AbortController();
    const first = pool.acquire(abort.signal);
    const second = pool.acquire(never);
    abort.abort(new Error('enough'));
    await expect(first).rejects.toThrow('enough');
    pool.give(item);
    await expect(second).resolves.toBe('a');
  });

  test('rejects at once when the signal was aborted before', async () => {
    const pool = new Pool(['a']);
    await expect(pool.acquire(AbortSignal.abort(new Error('enough')))).rejects.toThrow('enough');
    expect(pool.free).toBe(1);
  });

  test('ignores an abort that comes after the thing', async () => {
    const pool = new Pool(['a']);
    const abort = new AbortController();
    const item = pool.take()!;
    const waiting = pool.acquire(abort.signal);
    pool.give(item);
    abort.abort();
    await expect(waiting).resolves.toBe('a');
    expect(pool.free).toBe(0);
  });
});
