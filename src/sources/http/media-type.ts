import { Refusal } from './refusal.ts';

/** What a body is made of, from its `content-type`. */

export type Format = 'text' | 'ndjson' | 'json';

const FORMATS: Readonly<Record<string, Format>> = {
  'text/plain': 'text',
  'application/x-ndjson': 'ndjson',
  'application/ndjson': 'ndjson',
  'application/jsonl': 'ndjson',
  'application/x-jsonlines': 'ndjson',
  'application/json': 'json',
};

const ACCEPTED =
  'send text/plain (a line each), application/x-ndjson (a JSON value a line) or application/json (an array), in UTF-8';

/** @throws {Refusal} 415 for everything else. */
export function formatOf(contentType: string | undefined): Format {
  const [type = '', ...parameters] = (contentType ?? '').split(';').map((part) => part.trim().toLowerCase());
  const format = Object.hasOwn(FORMATS, type) ? FORMATS[type] : undefined;
  if (format === undefined) {
    const found = contentType === undefined ? 'The header content-type is missing' : 'Unknown content-type';
    throw new Refusal(415, `${found}; ${ACCEPTED}.`);
  }
  const charset = parameters.find((parameter) => parameter.startsWith('charset='))?.slice('charset='.length);
  if (charset !== undefined && !/^"?(?:utf-?8|us-ascii)"?$/.test(charset)) {
    throw new Refusal(415, `Unknown charset; ${ACCEPTED}.`);
  }
  return format;
}
