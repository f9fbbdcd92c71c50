import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { StreamStatus } from '../component/source.ts';
import { type PageQuery, paged } from './streams-page.ts';

const stream = (id: string, lag_bytes: number): StreamStatus => ({
  id,
  position: 0,
  committed: 0,
  size: lag_bytes,
  lag_bytes,
});

/** Ids of all pages. */
function all(streams: readonly StreamStatus[], query: Omit<PageQuery, 'cursor'>): string[][] {
  const pages: string[][] = [];
  let cursor: string | undefined;
  do {
    const page = paged(streams, { ...query, cursor })!;
    pages.push(page.streams.map(({ id }) => id));
    cursor = page.next_cursor;
  } while (cursor !== undefined);
  return pages;
}

const FIVE = [stream('b', 1), stream('a', 5), stream('d', 5), stream('c', 0), stream('e', 9)];

test('by id', () => {
  expect(all(FIVE, { limit: 2, sort: 'id' })).toEqual([['a', 'b'], ['c', 'd'], ['e']]);
});

test('by lag, the largest first, by id where it is equal', () => {
  expect(all(FIVE, { limit: 2, sort: 'lag' })).toEqual([['e', 'a'], ['d', 'b'], ['c']]);
});

test('a page that holds the last stream has no cursor', () => {
  expect(all(FIVE, { limit: 5, sort: 'id' })).toHaveLength(1);
  expect(all([], { limit: 5, sort: 'id' })).toEqual([[]]);
});

test('a stream that went between two pages leaves the others where they are', () => {
  const first = paged(FIVE, { limit: 2, sort: 'id' })!;
  const left = FIVE.filter(({ id }) => id !== 'a' && id !== 'b');
  const second = paged(left, { limit: 2, sort: 'id', cursor: first.next_cursor! })!;
  expect(second.streams.map(({ id }) => id)).toEqual(['c', 'd']);
});

test.each(['', 'nonsense', Buffer.from('[1]').toString('base64url'), 'é'])('%j is no cursor', (cursor) => {
  expect(paged(FIVE, { limit: 2, sort: 'id', cursor })).toBeNull();
});

test('a cursor of the other order is none', () => {
  const { next_cursor } = paged(FIVE, { limit: 2, sort: 'id' })!;
  expect(paged(FIVE, { limit: 2, sort: 'lag', cursor: next_cursor! })).toBeNull();
});

test('all pages together are all streams, once', () => {
  const streams = fc.uniqueArray(fc.tuple(fc.string(), fc.nat(3)), { selector: ([id]) => id });
  fc.assert(
    fc.property(
      streams,
      fc.integer({ min: 1, max: 4 }),
      fc.constantFrom('id', 'lag' as const),
      (pairs, limit, sort) => {
        const list = pairs.map(([id, lag]) => stream(id, lag));
        const found = all(list, { limit, sort: sort as PageQuery['sort'] }).flat();
        expect(found.toSorted()).toEqual(pairs.map(([id]) => id).toSorted());
      },
    ),
  );
});
