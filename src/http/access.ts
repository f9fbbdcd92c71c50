/**
 * Who asks, and what they may: finds out the client's identity (bearer token, certificate, or nobody in particular where
 * no authentication is configured) and refuses what its role does not allow. Routes say what they need by their method:
 * GET and HEAD need `read`, all others `control`; `config.access` of a route says otherwise. Built by server.ts.
 */
import type { TLSSocket } from 'node:tls';
import type { FastifyRequest } from 'fastify';
import type { Clock } from '../component/clock.ts';
import type { Logger } from '../component/logger.ts';
import { addressOf, Budgets } from './budgets.ts';
import { type ClientRoles, certificateNames, roleOf } from './client-certificate.ts';
import type { Policy } from './policy.ts';
import { Refusal } from './problem.ts';
import type { RequestCounts } from './request-counts.ts';
import type { Server } from './server-type.ts';
import type { Role } from './tokens.ts';

/** Whom a request is from. */
export interface Identity {
  /** Of the token or the certificate; `anonymous` where no authentication is configured. */
  readonly name: string;
  readonly role: Role;
  readonly via: 'token' | 'certificate' | 'none';
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Null until the client is known, and on public routes when it is not. */
    identity: Identity | null;
  }
  interface FastifyContextConfig {
    /** What a client must be allowed for this route, if not what its method says. `public`: nothing. */
    access?: Role | 'public';
  }
}

const ANONYMOUS: Identity = { name: 'anonymous', role: 'control', via: 'none' };
const REALM = 'Bearer realm="log-capturer"';
/** Wrong tokens that one address may send within a minute before it is told to wait. Right ones pass all the same. */
const FAILED_LOGINS = 10;
const FAILED_LOGINS_MS = 60_000;
/** How often wrong tokens are logged at most, in milliseconds: anyone can cause them. */
const LOG_EVERY_MS = 10_000;

export interface AccessOptions {
  readonly clock: Pick<Clock, 'now'>;
  readonly log: Logger;
  readonly counts: RequestCounts;
}

/** What a route needs. */
export function accessOf(method: string, access: Role | 'public' | undefined): Role | 'public' {
  return access ?? (method === 'GET' || method === 'HEAD' ? 'read' : 'control');
}

/** Adds the hook that sets `request.identity`. Refuses nobody: `authorize` does, after rates were looked at. */
export function identify(server: Server, policy: Policy): void {
  server.decorateRequest('identity', null);
  server.addHook('onRequest', async (request) => {
    const { isOpen, tokens, clientRoles } = policy.rules;
    if (isOpen) {
      request.identity = ANONYMOUS;
      return;
    }
    const token = bearerToken(request);
    request.identity = token === undefined ? identityOfCertificate(request, clientRoles) : tokens.find(token);
  });
}

/** Adds the hook that refuses who is not known (401) or may not do it (403). */
export function authorize(server: Server, { clock, log, counts }: AccessOptions): void {
  const failures = new Budgets({ requests: FAILED_LOGINS, perMs: FAILED_LOGINS_MS, clock });
  let loggedAt = Number.NEGATIVE_INFINITY;

  const refuseLogin = (request: FastifyRequest): never => {
    counts.failedLogins++;
    const { ip: from, method } = request;
    if (clock.now() - loggedAt >= LOG_EVERY_MS) {
      loggedAt = clock.now();
      const path = request.url.split('?', 1)[0];
      log.warn(
        { from, method, path, failed_logins: counts.failedLogins },
        'a wrong token was sent to the API',
      );
    }
    const waitMs = failures.take(addressOf(from));
    if (waitMs === 0) {
      const detail = 'This token is not known: it is wrong, or was replaced. See server.auth.tokens.';
      throw new Refusal(401, detail, { 'www-authenticate': `${REALM}, error="invalid_token"` });
    }
    const detail = 'Too many wrong tokens came from this address.';
    throw new Refusal(429, detail, { 'retry-after': String(Math.ceil(waitMs / 1000)) });
  };

  server.addHook('onRequest', async (request) => {
    const { identity } = request;
    const needed = accessOf(request.method, request.routeOptions.config.access);
    if (needed === 'public' || identity?.role === 'control' || (identity !== null && needed === 'read'))
      return;
    if (identity === null) {
      if (bearerToken(request) !== undefined) refuseLogin(request);
      const detail = 'Who asks is not known; send a token: "Authorization: Bearer …".';
      throw new Refusal(401, detail, { 'www-authenticate': REALM });
    }
    const detail = `This needs the role control, and ${identity.name} has the role ${identity.role}.`;
    const challenge = `${REALM}, error="insufficient_scope", scope="control"`;
    throw new Refusal(403, detail, { 'www-authenticate': challenge });
  });
}

/** RFC 6750, section 2.1. Undefined when the request has no such header. */
function bearerToken({ headers }: FastifyRequest): string | undefined {
  return /^bearer +(\S+) *$/i.exec(headers.authorization ?? '')?.[1];
}

function identityOfCertificate(request: FastifyRequest, roles: ClientRoles | undefined): Identity | null {
  const socket = request.raw.socket as Partial<TLSSocket>;
  if (roles === undefined || socket.authorized !== true || socket.getPeerCertificate === undefined)
    return null;
  const names = certificateNames(socket.getPeerCertificate());
  const found = roleOf(names, roles);
  return found === undefined ? null : { ...found, via: 'certificate' };
}
