/**
 * A sink's `sources` list as a test of source ids: a log is selected when any pattern matches; `*` stands for any
 * characters. Config checks the same patterns, so that a pattern that matches nothing is an error at start.
 */
export function sourceMatcher(patterns: readonly string[]): (sourceId: string) => boolean {
  const expressions = patterns.map((pattern) => {
    const parts = pattern.split('*').map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'));
    return new RegExp(`^${parts.join('.*')}$`);
  });
  return (sourceId) => expressions.some((expression) => expression.test(sourceId));
}
