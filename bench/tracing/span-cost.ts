/** What one span costs, made and sent, beside OpenTelemetry's SDK with its batch processor. Called by run.ts. */
import { join } from 'node:path';
import { firstJson, startChild } from '../child.ts';
import { shuffled, summary } from '../statistics.ts';
import { range, table } from '../table.ts';
import type { Shape } from './span-maker.ts';

export const SPAN_COST = 'span-cost';

export interface SpanCost {
  readonly maker: 'ours' | 'sdk';
  readonly shape: Shape;
  readonly logs: number;
  /** Spans that arrived, and CPU time of all threads, of each repetition. */
  readonly samples: { readonly spans: number; readonly cpuMs: number }[];
}

/** So many that a run takes about a second. */
const LOGS = { ours: 5_000_000, sdk: 150_000 } as const;

export async function measureSpanCost(repetitions: number): Promise<SpanCost[]> {
  const folder = import.meta.dirname;
  const server = await startChild(process.execPath, [join(folder, 'span-server.ts')], { cwd: folder });
  try {
    const { port } = await firstJson<{ port: number }>(server);
    return await measure(port, repetitions);
  } finally {
    await server.stop();
  }
}

async function measure(port: number, repetitions: number): Promise<SpanCost[]> {
  const subjects = (['compact', 'waterfall'] as const).flatMap((shape) =>
    (['ours', 'sdk'] as const).map((maker): SpanCost => ({ maker, shape, logs: LOGS[maker], samples: [] })),
  );
  for (let repetition = 1; repetition <= repetitions; repetition++) {
    for (const it of shuffled(subjects)) {
      const sample = await run(it, port);
      it.samples.push(sample);
      const ns = ((sample.cpuMs * 1e6) / sample.spans).toFixed(1);
      console.error(`${repetition}/${repetitions}  ${SPAN_COST}  ${it.maker} ${it.shape}: ${ns} ns a span`);
    }
  }
  return subjects;
}

/** @throws when spans were dropped. */
async function run({ maker, shape, logs }: SpanCost, port: number): Promise<SpanCost['samples'][number]> {
  const folder = import.meta.dirname;
  const args = [join(folder, 'span-cost-child.ts'), maker, shape, String(port), String(logs)];
  const child = await startChild(process.execPath, args, { cwd: folder });
  try {
    const sample = await firstJson<SpanCost['samples'][number]>(child);
    if (sample.spans < logs) throw new Error(`${logs} logs made ${sample.spans} spans: ${child.output()}`);
    return sample;
  } finally {
    await child.stop();
  }
}

export function spanCostTable(costs: readonly SpanCost[]): string {
  const nsPerSpan = ({ samples }: SpanCost) => samples.map(({ cpuMs, spans }) => (cpuMs * 1e6) / spans);
  const rows = costs.map((it) => {
    const sdk = costs.find(({ maker, shape }) => maker === 'sdk' && shape === it.shape)!;
    const ns = nsPerSpan(it);
    const perLog = it.samples.map(({ cpuMs }) => (cpuMs * 1e6) / it.logs);
    const times = nsPerSpan(sdk).map((theirs, i) => theirs / ns[i]!);
    return [
      `${it.maker === 'ours' ? 'log-capturer' : 'OpenTelemetry SDK'}, ${it.shape}`,
      range(summary(ns)),
      range(summary(perLog)),
      it === sdk ? '1' : range(summary(times)),
    ];
  });
  return `one span, made and sent\n${table([['maker', 'CPU ns/span', 'CPU ns/log', 'SDK / this'], ...rows])}`;
}
