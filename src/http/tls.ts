/**
 * Certificates and keys of `server.tls`: reads them, checks that they belong together, and makes of them what Node's TLS
 * server takes. Used by server.ts at the start, and again when the files change.
 */
import { constants, createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { SecureContextOptions, TlsOptions } from 'node:tls';
import type { ClientRoles } from './client-certificate.ts';

export interface TlsSettings {
  readonly cert_file: string;
  readonly key_file: string;
  readonly client_ca_file?: string | undefined;
  readonly client_roles: ClientRoles;
}

/** How long a TLS handshake may take, in milliseconds. */
const HANDSHAKE_MS = 5000;

/** @throws an error that says which file is wrong and what to do. */
export function secureContext({ cert_file, key_file, client_ca_file }: TlsSettings): SecureContextOptions {
  const cert = read(cert_file, 'cert_file');
  const key = read(key_file, 'key_file');
  const certificate = parse(() => new X509Certificate(cert), 'cert_file', cert_file, 'certificate');
  const privateKey = parse(() => createPrivateKey(key), 'key_file', key_file, 'private key without password');
  if (!certificate.checkPrivateKey(privateKey)) {
    throw new Error(`server.tls.key_file: ${key_file} is not the key of the certificate in ${cert_file}`);
  }
  const base: SecureContextOptions = { cert, key, minVersion: 'TLSv1.2' };
  if (client_ca_file === undefined) return base;
  const ca = read(client_ca_file, 'client_ca_file');
  parse(() => new X509Certificate(ca), 'client_ca_file', client_ca_file, 'certificate');
  // A resumed session is not verified again: with tickets, a client would outlive the authority that vouched for it.
  return { ...base, ca, secureOptions: constants.SSL_OP_NO_TICKET };
}

/**
 * Options for the server. Clients without a certificate are let in, for they may have a token, or only ask whether the
 * agent lives; what they may is decided by request.
 */
export function tlsOptions(settings: TlsSettings): TlsOptions {
  const asks = settings.client_ca_file !== undefined;
  return {
    ...secureContext(settings),
    handshakeTimeout: HANDSHAKE_MS,
    requestCert: asks,
    rejectUnauthorized: false,
  };
}

export function tlsFiles({ cert_file, key_file, client_ca_file }: TlsSettings): string[] {
  return [cert_file, key_file, ...(client_ca_file === undefined ? [] : [client_ca_file])];
}

function read(file: string, key: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new Error(
      `server.tls.${key}: ${file} cannot be read (${code}); let the user that runs log-capturer read it`,
      {
        cause: error,
      },
    );
  }
}

function parse<T>(make: () => T, key: string, file: string, what: string): T {
  try {
    return make();
  } catch (error) {
    throw new Error(`server.tls.${key}: ${file} holds no ${what} in PEM format`, { cause: error });
  }
}
