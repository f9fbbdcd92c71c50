/**
 * Pages through the streams of a source while streams come and go: a page begins behind the last stream of the one
 * before, wherever that would be now, so that none which stays is shown twice or left out. By lag, a stream whose lag
 * changes in between may be. Used by routes/sources.ts.
 */
import { z } from 'zod';
import type { StreamStatus } from '../component/source.ts';

export interface PageQuery {
  readonly limit: number;
  readonly sort: 'id' | 'lag';
  /** Of the page before. */
  readonly cursor?: string | undefined;
}

export interface Page {
  readonly streams: readonly StreamStatus[];
  readonly next_cursor?: string;
}

type Key = Pick<StreamStatus, 'id' | 'lag_bytes'>;

const cursorSchema = z.tuple([z.enum(['id', 'lag']), z.string(), z.number()]);

/** Null when the cursor is none of this order. */
export function paged(streams: readonly StreamStatus[], { limit, sort, cursor }: PageQuery): Page | null {
  const compare = sort === 'id' ? byId : byLag;
  const sorted = streams.toSorted(compare);
  let from = 0;
  if (cursor !== undefined) {
    const last = read(cursor, sort);
    if (last === null) return null;
    const next = sorted.findIndex((stream) => compare(stream, last) > 0);
    from = next === -1 ? sorted.length : next;
  }
  const page = sorted.slice(from, from + limit);
  const last = page.at(-1);
  const more = from + limit < sorted.length && last !== undefined;
  return { streams: page, ...(more && { next_cursor: write(last, sort) }) };
}

function byId(a: Key, b: Key): number {
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
}

function byLag(a: Key, b: Key): number {
  return b.lag_bytes - a.lag_bytes || byId(a, b);
}

function write({ id, lag_bytes }: Key, sort: PageQuery['sort']): string {
  return Buffer.from(JSON.stringify([sort, id, lag_bytes])).toString('base64url');
}

function read(cursor: string, sort: PageQuery['sort']): Key | null {
  try {
    const [order, id, lag_bytes] = cursorSchema.parse(
      JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8')),
    );
    return order === sort ? { id, lag_bytes } : null;
  } catch {
    return null;
  }
}
