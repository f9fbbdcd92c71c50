/** Components that exist only in tests of the configuration, so that these do not depend on the real ones. */
import { z } from 'zod';
import { byteSize, duration } from '../component/units.ts';
import type { Registry } from './schema.ts';

function build(): never {
  throw new Error('components of this registry cannot be built');
}

const file = z.strictObject({
  include: z.array(z.string().min(1)).min(1).describe('Globs of the files to read.'),
  start_at: z.enum(['beginning', 'end']).default('end').describe('Where to start in a file not seen before.'),
  max_line_bytes: byteSize({ min: '1KiB', max: '8MiB' }).prefault('256KiB').describe('Longest line.'),
  follow: z.boolean().default(true).describe('Whether to wait for more.'),
  depth: z.number().min(0).max(10).optional().describe('How deep to look.'),
});

const remote = z
  .strictObject({
    url: z.url().describe('Where to send.'),
    timeout: duration({ min: '1s' }).prefault('10s').describe('How long to wait.'),
    auth: z
      .union([
        z.strictObject({ token: z.string().describe('Token.') }),
        z.strictObject({ user: z.string().describe('User.') }),
      ])
      .optional()
      .describe('How to log in.'),
    tls: z
      .strictObject({ verify: z.boolean().default(true).describe('Check the certificate.') })
      .optional()
      .describe('TLS.'),
    tenant: z.string().optional().describe('Tenant.'),
  })
  .refine((value) => value.tls === undefined || value.url.startsWith('https:'), {
    path: ['tls'],
    error: 'tls needs a URL that starts with https://',
  });

export const registry: Registry = {
  sources: [
    { type: 'file', summary: 'Reads files.', schema: file, rereadable: true, build },
    {
      type: 'stdin',
      summary: 'Reads standard input.',
      schema: z.strictObject({}),
      rereadable: false,
      build,
    },
  ],
  processors: [
    { type: 'parse_json', summary: 'Parses JSON.', schema: z.strictObject({}), build },
    {
      type: 'redact',
      summary: 'Hides.',
      schema: z.strictObject({ pattern: z.string().describe('What.') }),
      build,
    },
  ],
  sinks: [
    { type: 'stdout', summary: 'Prints.', schema: z.object({}), build },
    { type: 'remote', summary: 'Sends.', schema: remote, build },
  ],
};
