/**
 * Whether what stands in certificates, keys and tokens that a configuration names can be used, so that it is refused before
 * anything is started or exchanged. Never shows what is in a file, nor its name, which may come from the environment.
 * Called by checks.ts.
 */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { type Complaint, valueAt } from './explain.ts';
import type { Path } from './problem.ts';

/** RFC 6750, section 2.1, in the lengths that server-schema.ts demands. */
const TOKEN = /^[A-Za-z0-9._~+/-]{16,1024}=*$/;

/** A complaint for each file that can be read but not be used. Files that cannot be read are left to files.ts. */
export function checkFileContents(data: unknown): Complaint[] {
  return [...certificates(data, []), ...tokens(data)];
}

/** Of every mapping in the data that names a certificate, its key or an authority. */
function certificates(data: unknown, path: Path): Complaint[] {
  if (typeof data !== 'object' || data === null) return [];
  const inner = Object.entries(data).flatMap(([key, value]) =>
    certificates(value, [...path, Array.isArray(data) ? Number(key) : key]),
  );
  const wrong = (key: string, message: string): Complaint => ({
    path: [...path, key],
    about: 'value',
    message,
  });
  const read = (key: string) => contentOf(valueAt(data, [key]));
  const certificateOf = (key: string) => {
    const bytes = read(key);
    return bytes && attempt(() => new X509Certificate(bytes));
  };
  const complaints: Complaint[] = [];
  for (const key of ['cert_file', 'client_ca_file', 'ca_file']) {
    if (certificateOf(key) === null) complaints.push(wrong(key, 'holds no certificate in PEM format'));
  }
  const bytes = read('key_file');
  const key = bytes && attempt(() => createPrivateKey(bytes));
  if (key === null) complaints.push(wrong('key_file', 'holds no private key without password in PEM format'));
  const certificate = certificateOf('cert_file');
  if (key && certificate && !certificate.checkPrivateKey(key)) {
    const message = 'this is not the key of the certificate in cert_file; replace both files together';
    complaints.push(wrong('key_file', message));
  }
  return [...complaints, ...inner];
}

function tokens(data: unknown): Complaint[] {
  const entries = valueAt(data, ['server', 'auth', 'tokens']);
  if (!Array.isArray(entries)) return [];
  return entries.flatMap((entry, index) => {
    const text = contentOf(valueAt(entry, ['token_file']))
      ?.toString()
      .trim();
    if (text === undefined || TOKEN.test(text)) return [];
    const message =
      'holds no token; expected 16 to 1024 letters, digits and . _ ~ + / - and nothing else; make one with: openssl rand -hex 32';
    return [{ path: ['server', 'auth', 'tokens', index, 'token_file'], about: 'value', message }];
  });
}

/** Undefined when nothing is named, or it cannot be read. */
function contentOf(file: unknown): Buffer | undefined {
  return typeof file === 'string' ? (attempt(() => readFileSync(file)) ?? undefined) : undefined;
}

function attempt<T>(make: () => T): T | null {
  try {
    return make();
  } catch {
    return null;
  }
}
