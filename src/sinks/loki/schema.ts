import { z } from 'zod';
import { type Placeholder, templateText } from '../../component/template.ts';
import { byteSize, duration } from '../../component/units.ts';

/** The configuration of the Loki sink. */

/** Loki refuses streams with more labels (limits_config.max_label_names_per_series). */
export const MAX_LABELS = 15;

export const LABEL_PLACEHOLDERS = [
  'source',
  'file',
  'path',
  'host',
] as const satisfies readonly Placeholder[];

/** Prometheus data model: names of labels; those that begin with two underscores are reserved. */
const LABEL_NAME = /^(?!__)[A-Za-z_][A-Za-z0-9_]*$/;
/** RFC 9110, section 5.6.2: token. */
const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const OWN_HEADERS = ['authorization', 'content-encoding', 'content-length', 'content-type', 'x-scope-orgid'];

/** A secret: shown nowhere. `${VAR}` in the file takes it from the environment. */
const secret = (description: string) => z.string().min(1).optional().meta({ description, writeOnly: true });
const file = (description: string) => z.string().min(1).optional().describe(description);

const auth = z
  .strictObject({
    username: z.string().min(1).optional().describe('User of HTTP basic authentication.'),
    password: secret('Its password; better from the environment or from password_file.'),
    password_file: file('File with the password; read again when Loki refuses it.'),
    bearer_token: secret(
      'Token of bearer authentication; better from the environment or from bearer_token_file.',
    ),
    bearer_token_file: file('File with the token; read again when Loki refuses it.'),
  })
  .superRefine((value, context) => {
    const passwords = [value.password, value.password_file].filter((each) => each !== undefined).length;
    const tokens = [value.bearer_token, value.bearer_token_file].filter((each) => each !== undefined).length;
    const basic = value.username !== undefined && passwords === 1 && tokens === 0;
    const bearer = value.username === undefined && passwords === 0 && tokens === 1;
    if (basic || bearer) return;
    context.addIssue({
      code: 'custom',
      message:
        'expected username with one of password, password_file; or one of bearer_token, bearer_token_file',
      input: undefined,
    });
  });

const tls = z.strictObject({
  ca_file: file('PEM file with the authorities to trust instead of the built-in ones.'),
  cert_file: file('PEM file with the certificate of this client (mTLS).'),
  key_file: file('PEM file with its private key.'),
  server_name: z
    .string()
    .min(1)
    .optional()
    .describe('Name the certificate of the server must have, if not that of the URL.'),
  insecure_skip_verify: z
    .boolean()
    .default(false)
    .describe('Accepts any certificate. Anyone on the way can then read and change the logs.'),
});

const labels = z
  .record(
    z.string().regex(LABEL_NAME, {
      error: 'expected a label name: letters, digits and _, not beginning with a digit or __',
    }),
    templateText(LABEL_PLACEHOLDERS),
  )
  .refine((value) => Object.keys(value).length <= MAX_LABELS, {
    error: `expected at most ${MAX_LABELS} labels`,
  });

const headers = z.record(
  z
    .string()
    .regex(HEADER_NAME, { error: 'expected the name of an HTTP header' })
    .refine((name) => !OWN_HEADERS.includes(name.toLowerCase()), {
      error: 'this header is set by the sink; see auth, tenant_id and format',
    }),
  z
    .string()
    .regex(/^\P{Cc}*$/u, { error: 'expected a text without control characters' })
    .meta({ writeOnly: true }),
);

export const lokiSchema = z
  .strictObject({
    url: z
      .url({ protocol: /^https?$/, error: 'expected an http or https URL, such as http://127.0.0.1:3100' })
      .refine((url) => !URL.canParse(url) || new URL(url).username === '', {
        error: 'expected no user in the URL; use auth',
      })
      .describe('Base URL of Loki; /loki/api/v1/push is appended unless the URL ends with it.'),
    format: z
      .enum(['protobuf', 'json'])
      .default('protobuf')
      .describe('protobuf costs a fraction of the CPU. json replaces bytes that are not UTF-8 by U+FFFD.'),
    compression: z
      .enum(['snappy', 'gzip', 'none'])
      .optional()
      .describe('snappy for protobuf (always); gzip (default) or none for json.'),
    labels: labels
      .default({ source: '{source}', filename: '{path}' })
      .describe(
        'Labels of the Loki streams: texts in which {source}, {file} (last part of the path), {path}, {host} and ' +
          '{label.NAME} are replaced. The labels of the source are added. Empty values are left out.',
      ),
    max_streams: z
      .int()
      .min(1)
      .max(1_000_000)
      .default(5000)
      .describe(
        'How many Loki streams may be active within 30 minutes. Beyond it new files lose the labels that name them ' +
          '({path}, {file}), which become structured metadata instead.',
      ),
    structured_metadata: z
      .array(z.string().min(1))
      .max(100)
      .default(['level'])
      .describe(
        'What goes into structured metadata where a record has it: level, and names of parsed fields (a.b for nested ones). ' +
          'Needs Loki 2.9 or newer; [] turns it off.',
      ),
    timestamp: z
      .enum(['record', 'read'])
      .default('record')
      .describe(
        'record: the time a processor found in the record, where it did. read: always the time it was read.',
      ),
    tenant_id: z.string().min(1).optional().describe('Tenant (X-Scope-OrgID) of a Loki with several.'),
    auth: auth.optional().describe('How to authenticate: basic or bearer.'),
    headers: headers.default({}).describe('More HTTP headers for every request.'),
    tls: tls.optional().describe('For https.'),
    timeout: duration({ min: '1ms' }).prefault('30s').describe('How long a request may take.'),
    concurrency: z
      .int()
      .min(1)
      .max(16)
      .default(4)
      .describe(
        'Requests at once. Timestamps of a stream rise strictly in the order of its lines, so queries show that order ' +
          'whichever request arrives first.',
      ),
    max_request_bytes: byteSize({ min: '4KiB', max: '64MiB' })
      .prefault('3MiB')
      .describe(
        'Largest body before compression; Loki by default refuses more than 4MiB between its own parts.',
      ),
  })
  .superRefine((config, context) => {
    const { compression, format } = config;
    if (compression !== undefined && (compression === 'snappy') !== (format === 'protobuf')) {
      const accepted = format === 'protobuf' ? 'snappy' : 'gzip or none';
      context.addIssue({
        code: 'custom',
        path: ['compression'],
        message: `expected ${accepted} with format: ${format}`,
        input: compression,
      });
    }
    if ((config.tls?.cert_file === undefined) !== (config.tls?.key_file === undefined)) {
      context.addIssue({
        code: 'custom',
        path: ['tls'],
        message: 'expected cert_file and key_file together',
        input: undefined,
      });
    }
  });

export type LokiConfig = z.output<typeof lokiSchema>;

export const PUSH_PATH = '/loki/api/v1/push';

/** The URL that is posted to. */
export function pushUrl(base: string): URL {
  const url = new URL(base);
  const path = url.pathname.replace(/\/+$/, '');
  url.pathname = path.endsWith(PUSH_PATH) ? path : path + PUSH_PATH;
  return url;
}
