/** What was pasted, as a question to the API: an id, a place in a file, or a part of a line. Pure. */
export type Question =
  | { readonly kind: 'id'; readonly id: string }
  | { readonly kind: 'line'; readonly file: string; readonly line: string }
  | { readonly kind: 'offset'; readonly file: string; readonly offset: string }
  | { readonly kind: 'text'; readonly text: string; readonly file?: string };

const TRACE_ID = /^[0-9a-f]{32}$/i;
const RECORD_UID = /^[0-9a-f]{8}-[0-9a-z]{8}-[0-9a-f]{12}$/i;
const TRACEPARENT = /^[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}$/i;
/** The API takes no longer ones. */
const MOST_TEXT = 4096;

/** Null when there is nothing to ask. */
export function questionOf(pasted: string): Question | null {
  const text = pasted.trim();
  if (text === '') return null;
  if (TRACE_ID.test(text) || RECORD_UID.test(text)) return { kind: 'id', id: text.toLowerCase() };
  const parent = TRACEPARENT.exec(text)?.[1];
  if (parent !== undefined) return { kind: 'id', id: parent.toLowerCase() };
  const line = /^(\/.+):(\d{1,15})$/.exec(text);
  if (line !== null) return { kind: 'line', file: line[1]!, line: line[2]! };
  const offset = /^(\/.+)@(\d{1,15})$/.exec(text);
  if (offset !== null) return { kind: 'offset', file: offset[1]!, offset: offset[2]! };
  // A path, a space, and what is looked for in it.
  const inFile = /^(\/\S+)\s+(.+)$/.exec(text);
  if (inFile !== null) return { kind: 'text', file: inFile[1]!, text: firstLine(inFile[2]!) };
  return { kind: 'text', text: firstLine(text) };
}

export function pathOf(question: Question, limit: number): string {
  const { kind, ...parameters } = question;
  const query = new URLSearchParams({ ...parameters, ...(kind !== 'id' && { limit: String(limit) }) });
  return `api/where?${query}`;
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0]!.slice(0, MOST_TEXT);
}
