/** Starting and ending the processes that are measured. Called by the benchmarks. */
import { type ChildProcess, spawn } from 'node:child_process';

export interface Child {
  readonly process: ChildProcess;
  readonly pid: number;
  /** The last of what it wrote to standard error and output. */
  output(): string;
  /** Whether it has ended by itself. */
  readonly exited: boolean;
  /** Asks it to end, kills it when it does not within ten seconds, and waits for its end. */
  stop(): Promise<void>;
}

const KEPT_OUTPUT = 4000;
const PATIENCE_MS = 10_000;

/** @throws when the program cannot be started. */
export async function startChild(
  command: string,
  args: readonly string[],
  options: { cwd: string; env?: NodeJS.ProcessEnv },
): Promise<Child> {
  const child = spawn(command, args, { ...options, stdio: ['pipe', 'pipe', 'pipe'] });
  let output = '';
  let exited = false;
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output = (output + text).slice(-KEPT_OUTPUT);
    });
  }
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => {
      exited = true;
      resolve();
    });
  });
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', reject);
  });
  return {
    process: child,
    pid: child.pid!,
    output: () => output,
    get exited() {
      return exited;
    },
    async stop() {
      if (exited) return;
      child.kill('SIGTERM');
      const kill = setTimeout(() => child.kill('SIGKILL'), PATIENCE_MS);
      await ended;
      clearTimeout(kill);
    },
  };
}

/** Waits for the first line that a process prints, and reads it as JSON. @throws when it ends before. */
export function firstJson<T>(child: Child): Promise<T> {
  return new Promise((resolve, reject) => {
    let text = '';
    child.process.stdout!.on('data', (part: string) => {
      text += part;
      const end = text.indexOf('\n');
      if (end !== -1) resolve(JSON.parse(text.slice(0, end)) as T);
    });
    child.process.once('exit', () => reject(new Error(`it ended without an answer: ${child.output()}`)));
  });
}
