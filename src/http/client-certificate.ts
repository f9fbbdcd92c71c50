/**
 * What a client's certificate allows: compares its names with `server.tls.client_roles`. Called only for certificates
 * that the TLS handshake has verified. Used by access.ts.
 */
import type { PeerCertificate } from 'node:tls';
import type { Role } from './tokens.ts';

/** Role by name; `*`: every verified certificate. */
export type ClientRoles = Readonly<Record<string, Role>>;

/**
 * An entry of the text that Node makes of alternative names: `DNS:a.example, URI:spiffe://x`. What could be mistaken for
 * a separator is in quotes, as a JSON string (https://nodejs.org/api/tls.html#certificate-object).
 */
const ALTERNATIVE_NAME = /(?:^|, )(DNS|URI|email|[A-Za-z ]+):("(?:[^"\\]|\\.)*"|[^,]*)/g;
const ACCEPTED_KINDS: ReadonlySet<string> = new Set(['DNS', 'URI', 'email']);

/** The common name first, then DNS names, URIs and e-mail addresses. */
export function certificateNames(certificate: Pick<PeerCertificate, 'subject' | 'subjectaltname'>): string[] {
  // A certificate with several common names has a list here: none of them is trusted then.
  const common: unknown = certificate.subject?.CN;
  const alternative = [...(certificate.subjectaltname ?? '').matchAll(ALTERNATIVE_NAME)]
    .filter(([, kind]) => ACCEPTED_KINDS.has(kind!))
    .map(([, , name]) => unquoted(name!));
  return [...(typeof common === 'string' ? [common] : []), ...alternative].filter((name) => name !== '');
}

/** The strongest role of any of the names, and that name; undefined when the certificate allows nothing. */
export function roleOf(
  names: readonly string[],
  roles: ClientRoles,
): { name: string; role: Role } | undefined {
  const known = names.filter((name) => Object.hasOwn(roles, name) && name !== '*');
  const strongest = known.find((name) => roles[name] === 'control') ?? known[0];
  if (strongest !== undefined) return { name: strongest, role: roles[strongest]! };
  return Object.hasOwn(roles, '*')
    ? { name: names[0] ?? 'a nameless certificate', role: roles['*']! }
    : undefined;
}

function unquoted(name: string): string {
  return name.startsWith('"') ? String(JSON.parse(name)) : name;
}
