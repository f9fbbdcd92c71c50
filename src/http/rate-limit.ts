/**
 * Bounds how often one client asks (429, with Retry-After): one token, one certificate, or else one address. Public
 * routes are exempt, so that probes are answered whatever else a host sends. Built by server.ts.
 */
import type { FastifyRequest } from 'fastify';
import { addressOf } from './budgets.ts';
import type { Policy } from './policy.ts';
import { Refusal } from './problem.ts';
import type { RequestCounts } from './request-counts.ts';
import type { Server } from './server-type.ts';

export function limitRate(server: Server, policy: Policy, counts: RequestCounts): void {
  server.addHook('onRequest', async (request) => {
    const { rate } = policy.rules;
    if (rate === null || request.routeOptions.config.access === 'public') return;
    const waitMs = rate.budgets.take(clientOf(request));
    if (waitMs === 0) return;
    counts.limited++;
    const detail = `More than ${rate.requests} requests within ${rate.per / 1000} s (server.rate_limit); ask less often.`;
    throw new Refusal(429, detail, { 'retry-after': String(Math.max(1, Math.ceil(waitMs / 1000))) });
  });
}

function clientOf({ identity, ip }: FastifyRequest): string {
  return identity === null || identity.via === 'none' ? addressOf(ip) : `${identity.via} ${identity.name}`;
}
