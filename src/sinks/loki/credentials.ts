import { readFile } from 'node:fs/promises';
import type { LokiConfig } from './schema.ts';

/** The `authorization` header. Knows the secrets and shows them to nobody but Loki. */
export class Credentials {
  readonly #auth: LokiConfig['auth'];
  #header: string | undefined;

  constructor(auth: LokiConfig['auth']) {
    this.#auth = auth;
  }

  get header(): string | undefined {
    return this.#header;
  }

  /** Reads files of secrets (anew). Rejects with the system error of a file that cannot be read. */
  async load(): Promise<void> {
    const auth = this.#auth;
    if (auth === undefined) return;
    if (auth.username !== undefined) {
      const password = auth.password ?? (await secretIn(auth.password_file!));
      this.#header = `Basic ${Buffer.from(`${auth.username}:${password}`).toString('base64')}`;
    } else {
      this.#header = `Bearer ${auth.bearer_token ?? (await secretIn(auth.bearer_token_file!))}`;
    }
  }
}

/** A file holds one secret; editors put a line end behind it. */
async function secretIn(path: string): Promise<string> {
  return (await readFile(path, 'utf8')).trim();
}
