import { isIPv6 } from 'node:net';
import { z } from 'zod';

/**
 * Addresses that listeners listen on, as the configuration writes them: `127.0.0.1:8080`, `[::1]:8080`, `:8080` (every
 * address of the host). Used by sources that are servers. It opens nothing.
 */

export interface ListenAddress {
  /** Undefined: every address of the host. */
  readonly host?: string;
  /** 0: a free one. */
  readonly port: number;
}

const ADDRESS = /^(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9.-]*)):(\d{1,5})$/;

/** The parts of an address; undefined when the text is none. */
export function parseListen(text: string): ListenAddress | undefined {
  const match = ADDRESS.exec(text);
  if (match === null) return undefined;
  const [, v6, name, digits] = match;
  const port = Number(digits);
  if (port > 65_535 || (v6 !== undefined && !isIPv6(v6))) return undefined;
  const host = v6 ?? name;
  return host ? { host, port } : { port };
}

/** Whether only programs on the same host reach it. Names other than localhost may lead anywhere. */
export function isLocal({ host }: ListenAddress): boolean {
  return host === 'localhost' || host === '::1' || (host !== undefined && /^127(?:\.\d{1,3}){3}$/.test(host));
}

/** Schema of an address; its output is the text as written. */
export function listenAddress() {
  return z.string().refine((text) => parseListen(text) !== undefined, {
    error: 'expected host:port, such as 127.0.0.1:8080, [::1]:8080 or :8080 for every address of this host',
  });
}
