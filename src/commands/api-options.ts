/** The options that all commands have in common which ask a running agent. Apart from the client, so that help loads no client. */
import type { Command } from 'commander';

export const DEFAULT_URL = 'http://127.0.0.1:8401';

/** As commander gives them, and nothing of them has been checked. */
export interface ApiOptions {
  readonly url?: string;
  readonly token?: string;
  readonly json?: boolean;
  readonly caFile?: string;
  readonly certFile?: string;
  readonly keyFile?: string;
}

/** Gives a command the options of every client: `--url`, `--token`, `--json` and the files of TLS. */
export function withApiOptions(command: Command): Command {
  return command
    .option('--url <url>', `where the agent answers (default: LOG_CAPTURER_URL, else ${DEFAULT_URL})`)
    .option('--token <token>', 'token of the API (default: LOG_CAPTURER_TOKEN, which other users cannot see)')
    .option('--json', 'print the answer as JSON, for scripts')
    .option('--ca-file <file>', "certificates to check the agent's against (PEM; LOG_CAPTURER_CA_FILE)")
    .option('--cert-file <file>', 'certificate to show to the agent (PEM; LOG_CAPTURER_CERT_FILE)')
    .option('--key-file <file>', "that certificate's key (PEM; LOG_CAPTURER_KEY_FILE)");
}
