/**
 * What the tracing engine itself does for a log in each mode: time of its own code, in a process that has been running
 * for a while, batch by batch in turns. Unlike the whole agent's CPU it can be told from noise where it is one per cent of
 * it; exporting is not in it. Called by run.ts.
 */
import { table } from '../table.ts';
import { type Engine, engineOf } from './engine.ts';
import { MODES } from './variants.ts';

export const ENGINE_COST = 'engine-cost';

/** Of each mode; the first half is for the engine to compile what runs. */
const BATCHES = 6000;

export interface EngineCost {
  readonly mode: string;
  /** Nanoseconds a log, and microseconds a batch: the median over batches. */
  readonly nsPerLog: number;
  readonly usPerBatch: number;
}

export async function measureEngineCost(): Promise<EngineCost[]> {
  const subjects = [{ name: 'ModeOff', tracing: { mode: 'off' } }, ...MODES].map(({ name, tracing }) => ({
    mode: name,
    engine: engineOf(tracing),
    times: [] as number[],
  }));
  for (let batch = 0; batch < BATCHES; batch++) {
    for (const { engine, times } of subjects) times.push(timeOf(engine));
    if (batch % 50 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  await Promise.all(subjects.map(({ engine }) => engine.stop()));
  return subjects.map(({ mode, engine, times }) => {
    const warm = times.slice(BATCHES / 2).sort((a, b) => a - b);
    const ms = warm[warm.length >> 1]!;
    return { mode, nsPerLog: (ms * 1e6) / engine.logs, usPerBatch: ms * 1000 };
  });
}

function timeOf({ batch }: Engine): number {
  const startedAt = performance.now();
  batch();
  return performance.now() - startedAt;
}

export function engineCostTable(costs: readonly EngineCost[]): string {
  const rows = costs.map(({ mode, nsPerLog, usPerBatch }) => [
    mode,
    nsPerLog.toFixed(2),
    usPerBatch.toFixed(1),
  ]);
  return `the tracing engine's own time\n${table([['mode', 'ns/log', 'µs/batch'], ...rows])}`;
}
