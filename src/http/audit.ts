/**
 * The audit trail: one log line, and one entry in memory, for every change that was made through the API. Handlers report
 * what they changed by `request.audit`, once it is in force; what was refused is not a change. Built by server.ts.
 */
import type { Logger } from '../component/logger.ts';
import type { Identity } from './access.ts';
import type { Server } from './server-type.ts';

/** What a handler reports. Values are as short as an operator needs them, and never secrets. */
export interface Change {
  /** Such as `tracing.enable`. */
  readonly action: string;
  /** What was changed: an id, a mode's name, a path. */
  readonly target: string;
  readonly before?: unknown;
  readonly after?: unknown;
  /** What the client wrote as its reason. */
  readonly note?: string | undefined;
}

export interface AuditEntry extends Change {
  /** ISO 8601. */
  readonly at: string;
  readonly who: string;
  readonly role: Identity['role'];
  readonly via: Identity['via'];
  /** Address of the client. */
  readonly from: string;
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Reports a change that this request has made. */
    audit(change: Change): void;
  }
}

/** Entries kept in memory; the log has all of them. */
const KEPT = 200;

export class AuditTrail {
  readonly #log: Logger;
  readonly #now: () => number;
  readonly #entries: AuditEntry[] = [];

  /** @param now milliseconds since 1970. */
  constructor(log: Logger, now: () => number) {
    this.#log = log;
    this.#now = now;
  }

  /** The newest first. */
  get entries(): readonly AuditEntry[] {
    return this.#entries.toReversed();
  }

  record(change: Change, { name, role, via }: Identity, from: string): void {
    const entry = { at: new Date(this.#now()).toISOString(), who: name, role, via, from, ...change };
    this.#entries.push(entry);
    if (this.#entries.length > KEPT) this.#entries.shift();
    const { at: _at, ...fields } = entry;
    this.#log.info({ audit: true, ...fields }, 'changed through the API');
  }
}

/** Adds `request.audit`. */
export function audited(server: Server, trail: AuditTrail): void {
  server.decorateRequest('audit', function (change: Change) {
    // Whoever may change anything is known: `authorize` has let the request through.
    trail.record(change, this.identity!, this.ip);
  });
}
