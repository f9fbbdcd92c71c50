/**
 * The keys of the `server:` section: where the HTTP API listens, who may use it, and how much of it one client may take.
 * Reads no file: whether certificates and tokens in files are good is found out when the server is built (src/http).
 */
import { z } from 'zod';
import { isLoopback } from '../component/loopback.ts';
import { byteSize, duration } from '../component/units.ts';

/** Fewest characters of a token: 16 random ones of base64 are 96 bits, more than anyone can try. */
const MIN_TOKEN_LENGTH = 16;
const MAX_TOKENS = 100;
const MAX_CLIENTS = 1000;

const ROLES = 'read: may look at everything; control: may also change what the agent does.';
const role = () => z.enum(['read', 'control']).describe(ROLES);
const file = (description: string) => z.string().min(1).optional().describe(description);

function wholeNumber(min: number, max: number) {
  const error = `expected a whole number from ${min} to ${max}`;
  return z.int({ error }).min(min, { error }).max(max, { error });
}

/** RFC 6750, section 2.1: what a bearer token is made of. */
const tokenText = z
  .string()
  .min(MIN_TOKEN_LENGTH, {
    error: `expected at least ${MIN_TOKEN_LENGTH} characters; make one with: openssl rand -hex 32`,
  })
  .max(1024, { error: 'expected at most 1024 characters' })
  .regex(/^[A-Za-z0-9._~+/-]+=*$/, {
    error: 'expected letters, digits and . _ ~ + / - only; make one with: openssl rand -hex 32',
  });

const token = z
  .strictObject({
    name: z
      .string()
      .regex(/^[A-Za-z0-9][A-Za-z0-9_.@-]{0,63}$/, {
        error: 'expected a name: letters, digits, "_", ".", "@" and "-", at most 64',
      })
      .describe('Whose token this is: named in the audit trail, never secret.'),
    role: role(),
    token: tokenText.optional().meta({
      // biome-ignore lint/suspicious/noTemplateCurlyInString: this is how a configuration names a variable
      description: 'The token, from the environment: ${LOG_CAPTURER_TOKEN}. Or token_file.',
      writeOnly: true,
    }),
    token_file: file('File with the token and nothing else; read again when it changes.'),
  })
  .refine(({ token: value, token_file }) => (value === undefined) !== (token_file === undefined), {
    error: 'expected one of token, token_file',
  });

const auth = z.strictObject({
  tokens: z
    .array(token)
    .max(MAX_TOKENS)
    .default([])
    .superRefine((tokens, context) => {
      for (const [index, { name, token: value }] of tokens.entries()) {
        const names = tokens.findIndex((other) => other.name === name);
        const values = tokens.findIndex((other) => value !== undefined && other.token === value);
        if (names < index) {
          const message = `expected a name of its own: tokens[${names}] has it, too`;
          context.addIssue({ code: 'custom', path: [index, 'name'], message, input: name });
        }
        if (values !== -1 && values < index) {
          const message = `expected a token of its own: tokens[${values}] is the same`;
          context.addIssue({ code: 'custom', path: [index, 'token'], message, input: undefined });
        }
      }
    })
    .describe('Who may use the API with a bearer token. Without tokens and certificates everybody may.'),
});

const tls = z
  .strictObject({
    cert_file: z
      .string()
      .min(1)
      .describe(
        'PEM file with the certificate of the server and those it is signed by; read again when it changes.',
      ),
    key_file: z.string().min(1).describe('PEM file with its private key; read again when it changes.'),
    client_ca_file: file(
      'PEM file with the authorities that sign certificates of clients (mTLS); read again when it changes.',
    ),
    client_roles: z
      .record(z.string().min(1).max(256), role())
      .refine((clients) => Object.keys(clients).length <= MAX_CLIENTS, {
        error: `expected at most ${MAX_CLIENTS} clients`,
      })
      .default({})
      .meta({
        description:
          'Role of clients by the common name (CN) or an alternative name (DNS, URI, email) of their certificate; "*" stands for every certificate of client_ca_file.',
      }),
  })
  .superRefine(({ client_ca_file, client_roles }, context) => {
    const clients = Object.keys(client_roles).length;
    if ((client_ca_file === undefined) === (clients === 0)) return;
    context.addIssue({
      code: 'custom',
      path: [client_ca_file === undefined ? 'client_roles' : 'client_ca_file'],
      message:
        'expected client_ca_file and client_roles together: who signs certificates, and what they allow',
      input: undefined,
    });
  });

const rateLimit = z.strictObject({
  requests: wholeNumber(1, 1_000_000)
    .default(500)
    .describe('How many requests a client may send within `per`.'),
  per: duration({ min: '100ms', max: '1h' }).prefault('1s').describe('The time they are counted over.'),
});

const limits = z.strictObject({
  connections: wholeNumber(4, 65_536)
    .default(256)
    .describe('Most connections. When there are more, the one that has been idle longest is closed.'),
  body: byteSize({ min: '16KiB', max: '64MiB' }).prefault('1MiB').describe('Largest body of a request.'),
  request_timeout: duration({ min: '1s', max: '10m' })
    .prefault('30s')
    .describe('How long a request may take to arrive.'),
  keep_alive: duration({ min: '1s', max: '1h' })
    .prefault('75s')
    .describe('How long an idle connection is kept; longer than the usual minute between two scrapes.'),
});

const hostName = z.string().regex(/^[A-Za-z0-9]([A-Za-z0-9.-]{0,252})$/, {
  error: 'expected the name of a host, such as logs.example.com, without port',
});

export const serverSchema = z.strictObject({
  host: z
    .string()
    .min(1, { error: 'expected an address, such as 127.0.0.1' })
    .default('127.0.0.1')
    .describe(
      'Address of the HTTP server. Others than 127.0.0.1, ::1 and localhost need auth.tokens or tls.client_ca_file.',
    ),
  port: wholeNumber(0, 65535).default(8401).describe('Port of the HTTP server; 0 picks a free one.'),
  allowed_hosts: z
    .array(hostName)
    .max(100)
    .default([])
    .describe(
      'More names under which clients may address the server (Host header), such as that of a proxy. A loopback address answers only to itself otherwise.',
    ),
  auth: auth.prefault({}).describe('Who may use the API.'),
  tls: tls.optional().describe('HTTPS, and certificates of clients. Default: plain HTTP.'),
  rate_limit: rateLimit
    .prefault({})
    .describe('How often one client may ask: one token, one certificate, or else one address.'),
  limits: limits.prefault({}).describe('What the server takes at most.'),
});

export type ServerConfig = z.output<typeof serverSchema>;

/**
 * Why a `server:` section as written must not be used; undefined when it may. Works on sections that are wrong
 * elsewhere: what counts is whether there is any way to authenticate.
 */
export function whyExposed(host: unknown, tokens: unknown, clientCaFile: unknown): string | undefined {
  const authenticates = (Array.isArray(tokens) && tokens.length > 0) || clientCaFile !== undefined;
  if (host === undefined || (typeof host === 'string' && isLoopback(host)) || authenticates) return undefined;
  return (
    'other hosts could control the agent without authentication; expected 127.0.0.1, ::1 or localhost, or else ' +
    'server.auth.tokens (each with name, role and token_file), or server.tls with client_ca_file and client_roles'
  );
}
