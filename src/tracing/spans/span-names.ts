/**
 * `tracing.exclude.span_names`: which spans are not written. `*` stands for any characters. Asked when a template is
 * built, never for a log.
 */
export function spanFilter(excluded: readonly string[]): (name: string) => boolean {
  const patterns = excluded.map((text) => {
    const parts = text.split('*').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
    return new RegExp(`^${parts.join('.*')}$`, 's');
  });
  return (name) => !patterns.some((pattern) => pattern.test(name));
}
