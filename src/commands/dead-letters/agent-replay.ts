import { setTimeout as sleep } from 'node:timers/promises';
import type { DeadLettersStatus, ReplayStatus } from '../../component/status.ts';
import type { ApiClient } from '../api-client.ts';
import type { RunningReplay } from './replay.ts';

/** How often the agent is asked, in milliseconds. */
const ASK_MS = 250;
/** After so many answers without progress it says so. */
const SLOW = 12;

/** A replay that a running agent does: begun over its API, and watched there. */
export class AgentReplay implements RunningReplay {
  readonly #api: ApiClient;
  readonly #request: ReplayStatus['request'];
  readonly #abandoned = new AbortController();
  #status: ReplayStatus;
  #unchanged = 0;

  constructor(api: ApiClient, request: ReplayStatus['request']) {
    this.#api = api;
    this.#request = request;
    this.#status = {
      state: 'running',
      request,
      started_at: '',
      sent: 0,
      refused: 0,
      left_aside: 0,
      bytes_done: 0,
      bytes_total: 0,
    };
  }

  /** @throws ApiError */
  async run(): Promise<ReplayStatus> {
    try {
      this.#status = await this.#api.ask<ReplayStatus>('POST', '/api/dead-letters/replay', this.#request);
      const { started_at } = this.#status;
      while (isRunning(this.#status) && !this.#abandoned.signal.aborted) {
        await sleep(ASK_MS, undefined, { signal: this.#abandoned.signal }).catch(() => {});
        const { replay } = await this.#api.ask<DeadLettersStatus>('GET', '/api/dead-letters');
        // Another one has begun since: this one has ended.
        if (replay?.started_at !== started_at) break;
        this.#unchanged = replay.bytes_done === this.#status.bytes_done ? this.#unchanged + 1 : 0;
        this.#status = replay;
      }
      return this.#status;
    } finally {
      await this.#api.close();
    }
  }

  status(): ReplayStatus {
    return this.#status;
  }

  trouble(): string | undefined {
    return this.#unchanged < SLOW ? undefined : 'the agent waits for the sink';
  }

  /** Also in the agent. */
  cancel(): void {
    this.#api.ask('DELETE', '/api/dead-letters/replay').catch(() => {});
  }

  /** The agent goes on with the batch under way. */
  abandon(): void {
    this.#abandoned.abort();
  }
}

function isRunning({ state }: ReplayStatus): boolean {
  return state === 'running' || state === 'cancelling';
}
