/** The agent's configuration for a plan. `reloads` counts up: each value gives another configuration. */
import type { Plan } from './plan.ts';

export function configOf(
  plan: Plan,
  options: { lokiUrl: string | undefined; httpPort: number; reloads: number },
): object {
  const { reloads } = options;
  const buffer = plan.http && plan.buffer !== 'none' && { buffer: { max_bytes: '8MiB', fsync: plan.buffer } };
  const loki = {
    id: 'loki',
    type: 'loki',
    url: options.lokiUrl,
    timeout: '500ms',
    concurrency: plan.lokiConcurrency,
    ...buffer,
  };
  const file = {
    id: 'files',
    type: 'file',
    path: 'disk/out/{source}.log',
    rotate: { max_bytes: '10GB' },
    ...buffer,
  };
  return {
    state_dir: 'disk/state',
    sources: [
      {
        id: 'app',
        type: 'file',
        include: plan.matchesRotated ? ['logs/*.log*'] : ['logs/*.log'],
        exclude: ['*.gz', '*.new'],
        // A change of it replaces the source while it reads.
        poll_interval: `${plan.pollMs + (reloads % 2)}ms`,
        scan_interval: `${plan.scanMs}ms`,
        rotate_wait: plan.maxOpenFiles < 100 ? '500ms' : '5s',
        max_open_files: plan.maxOpenFiles,
        ...(plan.archives && { archives: true }),
      },
      ...(plan.http ? [{ id: 'http', type: 'http', listen: `127.0.0.1:${options.httpPort}` }] : []),
    ],
    sinks: [
      ...(plan.sinks.includes('loki') ? [loki] : []),
      ...(plan.sinks.includes('file') ? [file] : []),
      // Every second reload adds a sink, every other one removes it.
      ...(reloads % 4 > 1 ? [{ id: 'extra', type: 'blackhole' }] : []),
    ],
    dispatcher: {
      memory: `${plan.memoryKiB}KiB`,
      batch_bytes: `${plan.batchKiB}KiB`,
      batch_size: plan.batchSize,
      batch_timeout: `${plan.batchTimeoutMs}ms`,
      retry: { initial: '20ms', max: '200ms' },
      shutdown_timeout: '1s',
    },
  };
}
