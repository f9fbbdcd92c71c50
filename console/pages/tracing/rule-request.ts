/** The form of a new rule as a request. Pure; what is wrong with it is said by the API, in its words. */
export interface Draft {
  readonly source: string;
  readonly rate: string;
  readonly duration: string;
  readonly level: string;
  readonly contains: string;
  readonly traces: string;
  readonly note: string;
}

export const EMPTY: Draft = {
  source: '',
  rate: '1',
  duration: '10m',
  level: '',
  contains: '',
  traces: '',
  note: '',
};

export interface RuleBody {
  readonly source_id: string;
  readonly rate: number;
  readonly duration: string;
  readonly where?: { readonly level?: string; readonly contains?: string };
  readonly max_traces?: number;
  readonly note?: string;
}

export function requestOf(draft: Draft): RuleBody {
  const where = {
    ...(draft.level !== '' && { level: draft.level }),
    ...(draft.contains !== '' && { contains: draft.contains }),
  };
  const traces = draft.traces.replaceAll(/[,\s]|traces?/g, '');
  return {
    source_id: draft.source.trim(),
    rate: Number(draft.rate),
    duration: draft.duration,
    ...(Object.keys(where).length > 0 && { where }),
    ...(traces !== '' && { max_traces: Number(traces) }),
    ...(draft.note.trim() !== '' && { note: draft.note.trim() }),
  };
}

export interface Suggestion {
  readonly id: string;
  readonly source: string;
}

/** Sources and streams that contain what was typed: those that begin with it first, then the shorter ones. */
export function suggestions(
  typed: string,
  sources: readonly { readonly id: string; readonly streams: readonly { readonly id: string }[] }[],
  most: number,
): Suggestion[] {
  const wanted = typed.trim().toLowerCase();
  const seen = new Set<string>();
  const all = sources.flatMap(({ id, streams }) => [
    { id, source: id },
    ...streams.map((stream) => ({ id: stream.id, source: id })),
  ]);
  return all
    .filter(({ id }) => id.toLowerCase().includes(wanted) && !seen.has(id) && seen.add(id))
    .sort((a, b) => rank(a.id, wanted) - rank(b.id, wanted) || a.id.length - b.id.length)
    .slice(0, most);
}

function rank(id: string, wanted: string): number {
  return id.toLowerCase().startsWith(wanted) ? 0 : 1;
}
