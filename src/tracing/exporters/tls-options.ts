import { readFileSync } from 'node:fs';
import type { ConnectionOptions } from 'node:tls';
import type { TlsSettings } from '../settings/settings-exporters.ts';

/** The options of a TLS connection. Reads the files at once, so that a bad path is found before anything is sent. */
export function tlsOptions(settings: TlsSettings): ConnectionOptions {
  const { caFile, certFile, keyFile } = settings;
  return {
    ...(caFile !== undefined && { ca: read('ca_file', caFile) }),
    ...(certFile !== undefined && { cert: read('cert_file', certFile) }),
    ...(keyFile !== undefined && { key: read('key_file', keyFile) }),
    rejectUnauthorized: !settings.insecureSkipVerify,
  };
}

function read(key: string, path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new Error(`cannot read the exporter's tls.${key}: ${(error as Error).message}`, { cause: error });
  }
}
