/**
 * Keeps web pages of others away. A page that a browser shows may send requests to the agent on the same machine, and
 * with a name that is re-pointed to 127.0.0.1 (DNS rebinding) it could read the answers. So a server on a loopback address
 * answers only under names that cannot be re-pointed, and changes are refused to pages of another origin. Built by server.ts.
 */
import { isIP } from 'node:net';
import type { FastifyRequest } from 'fastify';
import { isLoopback } from '../component/loopback.ts';
import type { Policy } from './policy.ts';
import { Refusal } from './problem.ts';
import type { Server } from './server-type.ts';

const SAFE_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);

/** Names under which the server answers. */
export class ServedHosts {
  readonly #added: ReadonlySet<string>;
  readonly #names: ReadonlySet<string>;
  readonly #any: boolean;

  /** @param host that the server listens on. @param added more names it may be addressed by. */
  constructor(host: string, added: readonly string[]) {
    this.#added = new Set(added.map((name) => name.toLowerCase()));
    this.#names = new Set([...this.#added, host.toLowerCase(), 'localhost']);
    this.#any = !isLoopback(host) && added.length === 0;
  }

  /** Addresses cannot be re-pointed, and browsers take names below localhost for this machine. */
  has(name: string): boolean {
    if (this.#any || this.#names.has(name) || name.endsWith('.localhost')) return true;
    return isIP(name.replace(/^\[|\]$/g, '')) !== 0;
  }

  /** Whether it is the name of a proxy in front, whose pages are ours although the Host header may say otherwise. */
  isProxy(name: string): boolean {
    return this.#added.has(name);
  }
}

export function checkOrigin(server: Server, policy: Policy): void {
  server.addHook('onRequest', async (request) => {
    const { headers, method, routeOptions } = request;
    const { hosts } = policy.rules;
    // Probes say nothing that is worth stealing, and address a host as they like.
    if (routeOptions.config.access !== 'public') {
      const name = nameOf(headers.host);
      if (name !== undefined && !hosts.has(name)) {
        throw new Refusal(
          421,
          'This host is not served here; add its name to server.allowed_hosts if it should be.',
        );
      }
    }
    if (!SAFE_METHODS.has(method) && isForeign(request, hosts)) {
      throw new Refusal(403, 'Changes are not accepted from a web page of another origin.');
    }
  });
}

/** The name in a Host header, in lower case, without port; undefined when there is none. */
function nameOf(host: string | undefined): string | undefined {
  return host?.replace(/:\d*$/, '').replace(/\.$/, '').toLowerCase();
}

/** Whether a browser says that a page of another origin has sent this (Fetch standard: Origin; Fetch Metadata). */
function isForeign({ headers }: FastifyRequest, hosts: ServedHosts): boolean {
  const { origin, host } = headers;
  if (origin === undefined) {
    const site = headers['sec-fetch-site'];
    return site === 'cross-site' || site === 'same-site';
  }
  if (!URL.canParse(origin)) return true;
  const from = new URL(origin);
  return from.host !== host?.toLowerCase() && !hosts.isProxy(from.hostname);
}
