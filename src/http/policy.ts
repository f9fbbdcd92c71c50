/**
 * What the server's settings say about requests, in the form in which hooks ask for it: tokens, roles of certificates,
 * rates and names. Can be replaced as a whole while the server runs. Built by server.ts.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Clock } from '../component/clock.ts';
import { isLoopback } from '../component/loopback.ts';
import { Budgets } from './budgets.ts';
import type { ClientRoles } from './client-certificate.ts';
import { ServedHosts } from './same-origin.ts';
import type { RateLimit, ServerSettings } from './server-settings.ts';
import { Tokens } from './tokens.ts';

/** What holds for requests at a time. */
export interface Rules {
  readonly tokens: Tokens;
  /** Undefined where no certificates of clients are asked for. */
  readonly clientRoles: ClientRoles | undefined;
  /** Null: as often as they like. */
  readonly rate: (RateLimit & { readonly budgets: Budgets }) | null;
  readonly hosts: ServedHosts;
  /** Nobody is asked who they are. */
  readonly isOpen: boolean;
}

export class Policy {
  readonly #clock: Pick<Clock, 'now'>;
  #rules: Rules | null = null;

  /** @throws an error that says what to do when a token cannot be read, or when everybody could control the agent. */
  constructor(settings: ServerSettings, clock: Pick<Clock, 'now'>) {
    this.#clock = clock;
    this.#rules = this.#rulesOf(settings);
  }

  get rules(): Rules {
    return this.#rules!;
  }

  /**
   * Builds rules from other settings; what it returns puts them in force, and tells whether they say otherwise than those
   * of before who may do what. Clients keep what they have used of their budgets where the rate stays the same.
   * @throws as the constructor does; nothing has changed then.
   */
  prepare(settings: ServerSettings): () => boolean {
    const rules = this.#rulesOf(settings);
    return () => {
      const { tokens, clientRoles } = this.rules;
      this.#rules = rules;
      return !tokens.isSameAs(rules.tokens) || !isDeepStrictEqual(clientRoles, rules.clientRoles);
    };
  }

  #rulesOf({ host, allowed_hosts = [], auth, tls, rate_limit: rate }: ServerSettings): Rules {
    const tokens = new Tokens(auth?.tokens);
    const clientRoles = tls?.client_ca_file === undefined ? undefined : tls.client_roles;
    const isOpen = tokens.isEmpty && clientRoles === undefined;
    if (isOpen && !isLoopback(host)) {
      throw new Error(
        `server.auth: without tokens everybody who reaches ${host} could control the agent; keep them, or restart the agent with another server.host`,
      );
    }
    return {
      tokens,
      clientRoles,
      isOpen,
      rate: rate === undefined ? null : { ...rate, budgets: this.#budgetsOf(rate) },
      hosts: new ServedHosts(host, allowed_hosts),
    };
  }

  #budgetsOf({ requests, per }: RateLimit): Budgets {
    const now = this.#rules?.rate;
    if (now?.requests === requests && now.per === per) return now.budgets;
    return new Budgets({ requests, perMs: per, clock: this.#clock });
  }
}
