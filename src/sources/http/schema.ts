import { z } from 'zod';
import { listenAddress } from '../../component/listen.ts';
import { byteSize, duration } from '../../component/units.ts';

/** The configuration of the http source. */

function wholeNumber(min: number, max: number) {
  const error = `expected a whole number from ${min} to ${max}`;
  return z.int({ error }).min(min, { error }).max(max, { error });
}

const file = (description: string) => z.string().min(1).optional().describe(description);

const tls = z.strictObject({
  cert_file: z
    .string()
    .min(1)
    .describe('PEM file with the certificate of this listener and those it is signed by.'),
  key_file: z.string().min(1).describe('PEM file with its private key.'),
  client_ca_file: file(
    'PEM file with the authorities that sign certificates of clients; clients without such a certificate are refused.',
  ),
});

/** RFC 6750, section 2.1: what a bearer token is made of. */
const token = z
  .string()
  .min(16, { error: 'expected at least 16 characters; make one with: openssl rand -hex 32' })
  .max(1024, { error: 'expected at most 1024 characters' })
  .regex(/^[A-Za-z0-9._~+/-]+=*$/, {
    error: 'expected letters, digits and . _ ~ + / - only; make one with: openssl rand -hex 32',
  });

export const schema = z
  .strictObject({
    listen: listenAddress().describe('Address to listen on: host:port, or :port for every address.'),
    path: z
      .string()
      .regex(/^\/[A-Za-z0-9._~/-]*$/, { error: 'expected a path, such as /logs' })
      .default('/logs')
      .describe('Path that takes logs, with POST.'),
    token: token.optional().meta({
      // biome-ignore lint/suspicious/noTemplateCurlyInString: this is how a configuration names a variable
      description: 'Bearer token that clients must send, from the environment: ${HTTP_TOKEN}. Or token_file.',
      writeOnly: true,
    }),
    token_file: file('File with the token and nothing else.'),
    tls: tls.optional().describe('HTTPS. Default: plain HTTP.'),
    acknowledge: z
      .enum(['delivered', 'accepted'])
      .default('delivered')
      .describe(
        'When to answer: delivered (200) once every sink, or its disk buffer, has the logs; accepted (202) at once, which loses them when the agent is killed.',
      ),
    acknowledge_timeout: duration({ min: '100ms', max: '10m' })
      .prefault('60s')
      .describe('How long to wait for that; then the answer is 503, and the logs may still be delivered.'),
    busy_timeout: duration({ max: '1m' })
      .prefault('1s')
      .describe('How long a request waits for free memory before it is answered 429.'),
    validate: z
      .boolean()
      .default(false)
      .describe('Whether lines of NDJSON must be JSON; those that are not are rejected with their numbers.'),
    max_body_bytes: byteSize({ min: '1KiB', max: '256MiB' })
      .prefault('16MiB')
      .describe('Largest body of a request, also after decompression.'),
    max_line_bytes: byteSize({ min: '1KiB', max: '64MiB' })
      .prefault('256KiB')
      .describe(
        'Longer lines of text are cut into records of this size; longer elements of JSON are rejected. At most half of dispatcher.batch_bytes is used.',
      ),
    max_connections: wholeNumber(1, 65_536)
      .default(1000)
      .describe('Most connections; further ones are closed at once.'),
    body_memory: byteSize({ min: '1MiB', max: '4GiB' })
      .prefault('64MiB')
      .describe('Memory for bodies that are being received; when it is full, requests are answered 429.'),
    request_timeout: duration({ min: '1s', max: '10m' })
      .prefault('30s')
      .describe('How long a request may take to arrive.'),
  })
  .refine((value) => value.token === undefined || value.token_file === undefined, {
    path: ['token_file'],
    error: 'expected one of token, token_file',
  })
  .refine((value) => value.max_body_bytes <= value.body_memory, {
    path: ['max_body_bytes'],
    error: 'expected at most body_memory, which all bodies share',
  });

export type HttpSourceConfig = z.output<typeof schema>;
