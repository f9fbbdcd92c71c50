/**
 * Bounds how often one client asks (429, with Retry-After): one token, one certificate, or else one address. Public
 * routes are exempt, so that probes are answered whatever else a host sends. Built by server.ts.
 */
import type { FastifyRequest } from 'fastify';
import type { Clock } from '../component/clock.ts';
import { addressOf, Budgets } from './budgets.ts';
import { Refusal } from './problem.ts';
import type { RequestCounts } from './request-counts.ts';
import type { Server } from './server.ts';

export interface RateLimit {
  readonly requests: number;
  /** Milliseconds. */
  readonly per: number;
}

export function limitRate(
  server: Server,
  { requests, per }: RateLimit,
  { clock, counts }: { clock: Pick<Clock, 'now'>; counts: RequestCounts },
): void {
  const budgets = new Budgets({ requests, perMs: per, clock });
  server.addHook('onRequest', async (request) => {
    if (request.routeOptions.config.access === 'public') return;
    const waitMs = budgets.take(clientOf(request));
    if (waitMs === 0) return;
    counts.limited++;
    const detail = `More than ${requests} requests within ${per / 1000} s (server.rate_limit); ask less often.`;
    throw new Refusal(429, detail, { 'retry-after': String(Math.max(1, Math.ceil(waitMs / 1000))) });
  });
}

function clientOf({ identity, ip }: FastifyRequest): string {
  return identity === null || identity.via === 'none' ? addressOf(ip) : `${identity.via} ${identity.name}`;
}
