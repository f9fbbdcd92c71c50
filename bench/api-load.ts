/**
 * Requests to the agent's API at a steady rate, whether it answers fast or not: each is due at its time, and its latency
 * counts from then, so that an agent that stalls cannot hide it. Called by api.ts.
 */
import { Agent, request } from 'undici';

export interface Answered {
  /** From when it was due to the end of the answer, in milliseconds. */
  readonly ms: number;
  /** Null: it was answered as it should be. */
  readonly failure: string | null;
}

interface Call {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly body?: object;
  /** Of ten requests. */
  readonly share: number;
}

/** What a console, a dashboard and an operator ask together. */
const CALLS: readonly Call[] = [
  { method: 'GET', path: '/api/status', share: 2 },
  { method: 'GET', path: '/api/tracing/status', share: 2 },
  { method: 'GET', path: '/metrics', share: 1 },
  { method: 'GET', path: '/api/sources', share: 1 },
  { method: 'GET', path: '/api/sinks', share: 1 },
  { method: 'GET', path: '/api/traces?limit=20', share: 1 },
  { method: 'GET', path: '/health', share: 1 },
  {
    method: 'POST',
    path: '/api/tracing/enable',
    body: { source_id: 'bench', rate: 0.001, duration: '1m' },
    share: 1,
  },
];
const MIX = CALLS.flatMap((call) => Array.from({ length: call.share }, () => call));

const CONNECTIONS = 32;
const TIMEOUT_MS = 10_000;

export class ApiLoad {
  readonly answers: Answered[] = [];
  readonly #base: string;
  readonly #dispatcher = new Agent({
    connections: CONNECTIONS,
    headersTimeout: TIMEOUT_MS,
    bodyTimeout: TIMEOUT_MS,
  });
  readonly #underWay = new Set<Promise<void>>();
  readonly #timer: NodeJS.Timeout;
  readonly #startedAt = performance.now();
  #sent = 0;

  /** Begins at once. */
  constructor(port: number, perSecond: number) {
    this.#base = `http://127.0.0.1:${port}`;
    this.#timer = setInterval(() => {
      for (; this.#startedAt + (this.#sent * 1000) / perSecond <= performance.now(); this.#sent++) {
        const asked = this.#ask(
          MIX[this.#sent % MIX.length]!,
          this.#startedAt + (this.#sent * 1000) / perSecond,
        );
        this.#underWay.add(asked);
        void asked.then(() => this.#underWay.delete(asked));
      }
    }, 1);
  }

  /** Sends no more and waits for what is under way. */
  async end(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all(this.#underWay);
    await this.#dispatcher.close();
  }

  async #ask({ method, path, body }: Call, dueAt: number): Promise<void> {
    let failure: string | null = null;
    try {
      const answer = await request(`${this.#base}${path}`, {
        method,
        dispatcher: this.#dispatcher,
        ...(body !== undefined && {
          body: JSON.stringify(body),
          headers: { 'content-type': 'application/json' },
        }),
      });
      await answer.body.dump();
      if (answer.statusCode !== 200) failure = `${method} ${path}: ${answer.statusCode}`;
    } catch (error) {
      failure = `${method} ${path}: ${(error as Error).message}`;
    }
    this.answers.push({ ms: performance.now() - dueAt, failure });
  }
}

/** The value that this share of the sorted values is not above. */
export function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
}
