/** Whether logs of a source may be traced now: where the dots run. */
import type { SourceStatus, TracingStatus } from '../../api/shapes.ts';

export function isTraced(source: SourceStatus, tracing: TracingStatus): boolean {
  if (tracing.mode === 'full-e2e') return true;
  if (tracing.mode !== 'hybrid') return false;
  if (tracing.effective_rate > 0) return true;
  const { active, sources } = tracing.adaptive_sampling;
  if (active && sources[source.id]?.active === true) return true;
  const names = [source.id, ...source.streams.map(({ id }) => id)];
  return tracing.on_demand_rules.some(
    ({ source_id, rate }) => rate > 0 && names.some((name) => name === source_id || matches(source_id, name)),
  );
}

/** A glob of which only * and ? are known here; the agent knows more, and decides. */
function matches(glob: string, name: string): boolean {
  if (!/[*?]/.test(glob)) return false;
  const expression = glob
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replace(/\*+/g, '.*')
    .replace(/\?/g, '.');
  return new RegExp(`^${expression}$`).test(name);
}
