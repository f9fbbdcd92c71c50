/** The filters of the list, as they stand in the address, and the question to the API that they make. Pure. */
export type Filters = Readonly<
  Record<'source' | 'reason' | 'outcome' | 'min' | 'since' | 'type' | 'search', string>
>;

const NAMES = ['source', 'reason', 'outcome', 'min', 'since', 'type', 'search'] as const;
const TRACE_ID = /^[0-9a-f]{32}$/i;

export function filtersOf(query: Readonly<Record<string, string>>): Filters {
  return Object.fromEntries(NAMES.map((name) => [name, query[name] ?? ''])) as Filters;
}

/** The id in what was typed, also inside a `traceparent`; null when there is none. */
export function traceIdIn(text: string): string | null {
  const trimmed = text.trim();
  if (TRACE_ID.test(trimmed)) return trimmed.toLowerCase();
  return /^[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}$/i.exec(trimmed)?.[1]?.toLowerCase() ?? null;
}

/** What is typed is a trace id, or else the source that the list is of. */
export function pathOf(filters: Filters, limit: number): string {
  const id = traceIdIn(filters.search);
  const source = filters.source || (id === null ? filters.search.trim() : '');
  const given = {
    ...(source !== '' && { source }),
    ...(filters.reason !== '' && { reason: filters.reason }),
    ...(filters.outcome !== '' && { outcome: filters.outcome }),
    ...(filters.min !== '' && { min_duration: filters.min }),
    ...(filters.since !== '' && { since: filters.since }),
    ...(filters.type !== '' && { type: filters.type }),
    ...(id !== null && { trace_id: id }),
    limit: String(limit),
  };
  return `api/traces?${new URLSearchParams(given)}`;
}

export function isFiltered(filters: Filters): boolean {
  return NAMES.some((name) => filters[name] !== '');
}
