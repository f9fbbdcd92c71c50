/** What the live tail holds: the newest lines, bounded, and what is shown of each. Pure. */
export interface LogEvent {
  /** ISO 8601, when it was read. */
  readonly at: string;
  /** Configured source, and stream. */
  readonly source: string;
  readonly source_id?: string;
  readonly text: string;
  readonly level?: string;
  readonly trace_id?: string;
}

export interface TailRow extends LogEvent {
  readonly key: number;
}

/** Lines kept; older ones make room. */
export const KEPT = 500;

/** The newest first. */
export function addRows(rows: readonly TailRow[], events: readonly LogEvent[], nextKey: number): TailRow[] {
  const fresh = events.map((event, index) => ({ ...event, key: nextKey + index })).reverse();
  return [...fresh, ...rows].slice(0, KEPT);
}

export type Level = 'error' | 'warn' | 'other';

/** From the level that the agent gave, else from the words of the line. */
export function levelOf({ level, text }: LogEvent): Level {
  const word =
    level?.toLowerCase() ??
    /\b(?:error|fatal|critical|panic|warn(?:ing)?)\b/i.exec(text.slice(0, 400))?.[0].toLowerCase();
  if (word === undefined) return 'other';
  if (/^(?:error|fatal|crit|panic|alert|emerg)/.test(word)) return 'error';
  return word.startsWith('warn') ? 'warn' : 'other';
}
