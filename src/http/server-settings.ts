import type { Limits } from './listener.ts';
import type { TlsSettings } from './tls.ts';
import type { TokenSettings } from './tokens.ts';

export interface RateLimit {
  readonly requests: number;
  /** Milliseconds. */
  readonly per: number;
}

/** The `server:` section of the configuration. */
export interface ServerSettings {
  /** Name or address to listen on. */
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  readonly allowed_hosts?: readonly string[];
  /** Without tokens and certificates everybody may do everything. */
  readonly auth?: { readonly tokens: readonly TokenSettings[] };
  readonly tls?: TlsSettings | undefined;
  /** Absent: no limit. */
  readonly rate_limit?: RateLimit;
  readonly limits?: Partial<Limits> | undefined;
}
