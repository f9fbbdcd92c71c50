/** What the figures were measured on. Called by the benchmarks. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memory_bytes: number;
  readonly kernel: string;
  readonly node: string;
  readonly commit: string;
  readonly date: string;
}

export function machine(): Machine {
  return {
    cpu: cpuModel(),
    cores: cpus().length,
    memory_bytes: totalmem(),
    kernel: release(),
    node: process.version,
    commit: commit(),
    date: new Date().toISOString(),
  };
}

export function machineText(it: Machine): string {
  const memory = Math.round(it.memory_bytes / 2 ** 30);
  return `${it.cpu}, ${it.cores} cores, ${memory} GiB; Linux ${it.kernel}; Node ${it.node}; commit ${it.commit}; ${it.date}`;
}

function cpuModel(): string {
  try {
    return (
      /^model name\s*:\s*(.+)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1] ??
      cpus()[0]?.model ??
      'unknown'
    );
  } catch {
    return cpus()[0]?.model ?? 'unknown';
  }
}

/** Short hash, with a + when files differ from it. */
function commit(): string {
  try {
    const git = (...args: string[]) =>
      execFileSync('git', args, {
        cwd: import.meta.dirname,
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
      }).trim();
    return git('rev-parse', '--short', 'HEAD') + (git('status', '--porcelain', '--', '..') === '' ? '' : '+');
  } catch {
    return 'unknown';
  }
}
