/** Starts the discard server and asks it what it has got. Called by the benchmarks. */
import { join } from 'node:path';
import { type Child, firstJson, startChild } from './child.ts';
import { getJson } from './get-json.ts';

export interface DiscardStats {
  readonly requests: number;
  readonly bytes: number;
  readonly lines: number;
  readonly refused: number;
}

export class Discard {
  readonly port: number;
  readonly #child: Child;

  private constructor(child: Child, port: number) {
    this.#child = child;
    this.port = port;
  }

  static async start(): Promise<Discard> {
    const folder = import.meta.dirname;
    const child = await startChild(process.execPath, [join(folder, 'discard-server.ts')], { cwd: folder });
    const { port } = await firstJson<{ port: number }>(child);
    return new Discard(child, port);
  }

  stats(): Promise<DiscardStats> {
    return getJson<DiscardStats>(this.port, '/stats');
  }

  stop(): Promise<void> {
    return this.#child.stop();
  }
}
