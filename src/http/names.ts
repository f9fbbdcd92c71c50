/** What the agent reads, as rules and questions name it. Used by the routes under `/api/tracing`. */
import type { AgentStatus } from '../component/status.ts';
import type { Named } from './tracing-api.ts';

/** Every configured source, followed by its streams. */
export function namesOf({ sources }: Pick<AgentStatus, 'sources'>): Named[] {
  return sources.flatMap(({ id: source, streams }) => [
    { id: source, source },
    ...streams.filter(({ id }) => id !== source).map(({ id }) => ({ id, source })),
  ]);
}
