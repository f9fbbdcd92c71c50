/**
 * `tracing.exclude.sources`: which streams are never traced, whatever the mode and the rules say, such as the logs of
 * the trace backend itself. Asked by the decision when it meets a stream for the first time.
 */
import { Closeness, type Named, SourcePattern } from './source-pattern.ts';

/** @throws Error that names the pattern that is no glob. */
export function sourceExclusion(patterns: readonly string[]): (stream: Named) => boolean {
  const compiled = patterns.map((text) => new SourcePattern(text));
  return (stream) => compiled.some((pattern) => pattern.closeness(stream) !== Closeness.none);
}
