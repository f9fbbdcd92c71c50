/**
 * What a running process has used so far, from `/proc` (Linux; proc(5)). Reading it costs the process nothing.
 * Called by the benchmarks on the processes they started.
 */
import { readdirSync, readFileSync } from 'node:fs';

/** Clock ticks a second in `/proc/<pid>/stat`: USER_HZ, 100 on every architecture that Node.js supports. */
const TICKS_PER_SECOND = 100;

/** User and system time of all threads, those that have ended included, in milliseconds. */
export function cpuMs(pid: number): number {
  const ticks = cpuTicks(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  const coarse = (ticks * 1000) / TICKS_PER_SECOND;
  const exact = exactThreadMs(pid);
  // Ticks are cut to 10 ms for each of the two times. More of a difference is threads that have ended.
  return exact !== undefined && coarse - exact <= 20 ? exact : coarse;
}

/** Fields 14 and 15; counted behind the command name, which may hold blanks and parentheses. */
export function cpuTicks(stat: string): number {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return Number(fields[11]) + Number(fields[12]);
}

/** Run time of the threads that live now, with nanoseconds; undefined where the kernel does not tell. */
function exactThreadMs(pid: number): number | undefined {
  let total = 0;
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    const ms = readSched(`/proc/${pid}/task/${thread}/sched`);
    if (ms === undefined) return undefined;
    total += ms;
  }
  return total;
}

function readSched(path: string): number | undefined {
  try {
    const match = /^se\.sum_exec_runtime\s*:\s*([\d.]+)/m.exec(readFileSync(path, 'utf8'));
    return match === null ? undefined : Number(match[1]);
  } catch {
    return undefined;
  }
}

/** Largest resident memory so far, in bytes. */
export function peakRssBytes(pid: number): number {
  const match = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return match === null ? Number.NaN : Number(match[1]) * 1024;
}

/** Bytes the process has asked the system to read, from files and sockets, cached or not. */
export function bytesRead(pid: number): number {
  const match = /^rchar: (\d+)$/m.exec(readFileSync(`/proc/${pid}/io`, 'utf8'));
  return match === null ? Number.NaN : Number(match[1]);
}
