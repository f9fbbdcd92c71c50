/**
 * The bearer tokens that are accepted, kept as keyed hashes only. Finding one takes the same time whichever it is, or
 * when it is none. Read from the configuration and from files when built. Used by access.ts.
 */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import type { Identity } from './access.ts';

export type Role = 'read' | 'control';

/** An entry of `server.auth.tokens`: either `token` or `token_file` is given. */
export interface TokenSettings {
  readonly name: string;
  readonly role: Role;
  readonly token?: string | undefined;
  readonly token_file?: string | undefined;
}

/** Of this run of the agent: digests are kept in memory only. */
const KEY = randomBytes(32);

interface Entry {
  readonly identity: Identity;
  readonly digest: Buffer;
}

/** RFC 6750, section 2.1, and long enough not to be guessed; as the configuration demands of those it holds itself. */
const TOKEN = /^[A-Za-z0-9._~+/-]{16,1024}=*$/;

export class Tokens {
  readonly #settings: readonly TokenSettings[];
  readonly #entries: readonly Entry[];

  /** @throws an error that says what to do when a file cannot be read or holds no token. */
  constructor(settings: readonly TokenSettings[] = []) {
    this.#settings = settings;
    this.#entries = this.#read();
  }

  get isEmpty(): boolean {
    return this.#settings.length === 0;
  }

  /** Files that tokens are read from. */
  get files(): readonly string[] {
    return this.#settings.flatMap(({ token_file }) => token_file ?? []);
  }

  /** Whether the same tokens let in the same clients, with the same roles. */
  isSameAs(other: Tokens): boolean {
    return isDeepStrictEqual(this.#entries, other.#entries);
  }

  /** Whose token this is; null when it is nobody's. */
  find(token: string): Identity | null {
    const digest = this.#digest(token);
    let found: Identity | null = null;
    for (const entry of this.#entries) {
      if (timingSafeEqual(entry.digest, digest)) found = entry.identity;
    }
    return found;
  }

  #read(): readonly Entry[] {
    return this.#settings.map(({ name, role, token, token_file }, index) => {
      const where = `server.auth.tokens[${index}].token_file`;
      const text = token ?? tokenOf(token_file!, where);
      return { identity: { name, role, via: 'token' }, digest: this.#digest(text) };
    });
  }

  /** Of a fixed length, so that it can be compared in constant time whatever was sent. */
  #digest(token: string): Buffer {
    return createHmac('sha256', KEY).update(token).digest();
  }
}

function tokenOf(file: string, where: string): string {
  let text: string;
  try {
    text = readFileSync(file, 'utf8').trim();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new Error(
      `${where}: ${file} cannot be read (${code}); let the user that runs log-capturer read it`,
      {
        cause: error,
      },
    );
  }
  if (TOKEN.test(text)) return text;
  throw new Error(
    `${where}: ${file} holds no token; expected 16 to 1024 letters, digits and . _ ~ + / - and nothing else; make one with: openssl rand -hex 32`,
  );
}
