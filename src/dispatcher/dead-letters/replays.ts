import type { ReplayStatus } from '../../component/status.ts';
import { Replay, type ReplayOptions, type ReplayRequest } from './replay.ts';

/** Replays of dead letters in a running agent: one at a time, begun and cancelled by an operator. */
export class Replays {
  readonly #options: ReplayOptions;
  #last: Replay | null = null;
  #running: Promise<void> | null = null;
  #stopped = false;

  constructor(options: ReplayOptions) {
    this.#options = options;
  }

  /** Undefined, and nothing is begun, while another one is under way or after `cancel` for good. */
  start(request: ReplayRequest): ReplayStatus | undefined {
    if (this.#running !== null || this.#stopped) return undefined;
    const replay = new Replay(request, this.#options);
    this.#last = replay;
    this.#running = replay.run().finally(() => {
      this.#running = null;
    });
    return replay.status();
  }

  /** Sends no further batch. Returns whether there was anything to cancel. */
  cancel(): boolean {
    if (this.#running === null) return false;
    this.#last!.cancel();
    return true;
  }

  /** Of the run under way, else of the last one. */
  status(): ReplayStatus | undefined {
    return this.#last?.status();
  }

  /** The agent stops: no further batch, and no further run. */
  close(): void {
    this.#stopped = true;
    this.cancel();
  }

  /** After `close`, once lanes have stopped. Resolves when nothing is written any more. */
  async stop(): Promise<void> {
    this.close();
    if (this.#running === null) return;
    this.#last!.abandon();
    await this.#running;
  }
}
