import { createHash, timingSafeEqual } from 'node:crypto';
import { readFile } from 'node:fs/promises';

/** The bearer token that clients must send. */

/** Digest of the configured token; null: none is wanted. @throws when the file cannot be read or is empty. */
export async function loadToken(config: { token?: string; token_file?: string }): Promise<Buffer | null> {
  const { token, token_file } = config;
  if (token !== undefined) return digest(token);
  if (token_file === undefined) return null;
  const text = (await readFile(token_file, 'utf8')).trim();
  if (text === '') throw new Error(`${token_file} is empty; expected a token`);
  return digest(text);
}

/** Whether the header `authorization` holds the token; takes the same time for every wrong one. */
export function isAuthorized(expected: Buffer | null, authorization: string | undefined): boolean {
  if (expected === null) return true;
  const match = /^Bearer +(\S+) *$/i.exec(authorization ?? '');
  return match !== null && timingSafeEqual(digest(match[1]!), expected);
}

function digest(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
