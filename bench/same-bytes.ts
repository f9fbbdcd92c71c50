import { spawn } from 'node:child_process';

/** Whether two files hold the same bytes (`cmp -s`, in a process of its own). Called by the benchmarks. */
export function same(left: string, right: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const compare = spawn('cmp', ['-s', left, right], { stdio: 'ignore' });
    compare.once('error', reject);
    compare.once('exit', (code) => resolve(code === 0));
  });
}
