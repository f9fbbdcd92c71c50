/** Which sources a sink takes. Used by the checks of a configuration and by the agent when it connects sinks. */

/** Whether one of the patterns (ids, or globs in which `*` stands for any characters) covers the source's id. */
export function selects(patterns: readonly string[], id: string): boolean {
  return patterns.some((pattern) => matches(pattern, id));
}

function matches(pattern: string, id: string): boolean {
  const [head = '', ...rest] = pattern.split('*');
  const tail = rest.pop();
  if (tail === undefined) return head === id;
  if (!id.startsWith(head) || !id.endsWith(tail) || id.length < head.length + tail.length) return false;
  // Taking each piece at its first occurrence leaves the most room for those behind it.
  let at = head.length;
  for (const piece of rest) {
    const found = id.indexOf(piece, at);
    if (found === -1) return false;
    at = found + piece.length;
  }
  return at <= id.length - tail.length;
}
