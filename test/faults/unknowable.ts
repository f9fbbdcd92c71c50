/** What no agent can know of when it is started: docs/reliability.md, "What cannot be known". Called by the laboratory. */
import { join } from 'node:path';
import type { Content, Logs } from './logs.ts';
import type { Plan } from './plan.ts';
import type { StoredPositions } from './state-disk.ts';

/**
 * Why nothing of the content need be known to an agent that starts now; undefined: it must. A file that no pattern matches
 * is found again by its stored position, or by its name beside a log of which any position is stored.
 */
export function unknowable(
  content: Content,
  { logs, plan, stored }: { logs: Logs; plan: Plan; stored: StoredPositions },
): string | undefined {
  const { path, log, key } = content;
  if (log === 'http') return undefined;
  if (path === null) return 'deleted, and the agent ended before it had read it';
  const home = join(logs.folder, log);
  if (path === home) return undefined;
  const isTarget = path.includes('/targets/');
  if (isTarget && logs.isCurrent(content)) return undefined;
  if (content.compressed || (!isTarget && plan.matchesRotated)) return undefined;
  // Its number may have been that of another file before.
  if (stored.paths.get(key)?.startsWith(home)) return undefined;
  if (isTarget)
    return 'its link was pointed elsewhere, and its position was not stored when the agent started again';
  if (stored.isDamaged)
    return 'rotated away, and the stored positions were damaged when the agent started again';
  if ([...stored.paths.values()].includes(home)) return undefined;
  return 'rotated away before any position of its path was stored';
}
