/**
 * How often each client may do something: a budget by key that refills evenly (generic cell rate algorithm, ITU-T I.371).
 * Memory is bounded: beyond a number of clients, those not seen for longest are forgotten. Used for requests and for
 * failed log-ins.
 */
import { isIPv6 } from 'node:net';
import type { Clock } from '../component/clock.ts';

/** Clients remembered: about a megabyte. */
const MAX_CLIENTS = 10_000;

export class Budgets {
  readonly #clock: Pick<Clock, 'now'>;
  readonly #perMs: number;
  readonly #stepMs: number;
  /** When a client's budget is full again, in monotonic milliseconds; the one seen last is the last. */
  readonly #fullAt = new Map<string, number>();

  /** `requests` at once or spread over `perMs` milliseconds. */
  constructor(options: {
    readonly requests: number;
    readonly perMs: number;
    readonly clock: Pick<Clock, 'now'>;
  }) {
    this.#clock = options.clock;
    this.#perMs = options.perMs;
    this.#stepMs = options.perMs / options.requests;
  }

  /** Takes one from the client's budget. Returns 0, or after how many milliseconds there is one to take. */
  take(client: string): number {
    const now = this.#clock.now();
    const fullAt = Math.max(this.#fullAt.get(client) ?? now, now);
    // Differences of large readings lose digits: a millionth of a step decides nothing.
    const waitMs = fullAt + this.#stepMs - now - this.#perMs;
    if (waitMs > this.#stepMs / 1e6) return waitMs;
    this.#fullAt.delete(client);
    this.#fullAt.set(client, fullAt + this.#stepMs);
    if (this.#fullAt.size > MAX_CLIENTS) this.#fullAt.delete(this.#fullAt.keys().next().value!);
    return 0;
  }
}

/** What stands for one client: its address, of IPv6 the first 64 bits, for the rest are its own to choose. */
export function addressOf(ip: string): string {
  if (!isIPv6(ip)) return ip;
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(ip)?.[1];
  if (mapped !== undefined) return mapped;
  const [head = '', tail] = ip.split('%', 1)[0]!.split('::');
  const front = head === '' ? [] : head.split(':');
  const back = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? 0 : 8 - front.length - back.length;
  const groups = [...front, ...Array<string>(Math.max(0, zeros)).fill('0'), ...back];
  return `${groups.slice(0, 4).join(':')}::/64`;
}
