/**
 * On-demand rules on disk: `state_dir/tracing-rules.json`, written atomically (write, fsync, rename, fsync of the
 * directory). A rule is kept with the time it had left and the wall time of its end; after a restart the shorter of the
 * two counts, so that time the agent was down is gone, and a clock that was set back prolongs nothing.
 */
import { open, readFile, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';
import { ruleRequestSchema } from './on-demand-request.ts';

const storedRule = z.object({
  request: ruleRequestSchema.omit({ duration: true }),
  created_at_ms: z.number(),
  expires_at_ms: z.number(),
  remaining_ms: z.number().max(24 * 3600e3),
  traces: z.number().min(0),
});
const rulesFile = z.object({ version: z.literal(1), rules: z.array(storedRule) });

/** Times are milliseconds, `*_at` since 1970. */
export type StoredRule = z.output<typeof storedRule>;

/**
 * Reads the file; no file is no rules.
 * @returns the rules; or, of a file that is damaged, where it was set aside.
 * @throws when it exists but cannot be read or set aside.
 */
export async function readRules(path: string, nowMs: number): Promise<StoredRule[] | { setAside: string }> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
  try {
    return rulesFile.parse(JSON.parse(text)).rules;
  } catch {
    const setAside = `${path}.damaged-${new Date(nowMs).toISOString()}`;
    await rename(path, setAside);
    return { setAside };
  }
}

export async function writeRules(path: string, rules: readonly StoredRule[]): Promise<void> {
  const temporary = `${path}.tmp`;
  const file = await open(temporary, 'w', 0o600);
  try {
    await file.writeFile(`${JSON.stringify({ version: 1, rules }, null, 2)}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, path);
  const directory = await open(dirname(path), 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

/** How long a stored rule has left at the wall time `nowMs`, in milliseconds; 0 or less: it is over. */
export function remainingOf(rule: StoredRule, nowMs: number): number {
  return Math.min(rule.remaining_ms, rule.expires_at_ms - nowMs);
}
