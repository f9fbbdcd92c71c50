/** `GET /api/where`: what became of one line of a file, or of the log with an id. */
import { isAbsolute, normalize } from 'node:path';
import { z } from 'zod';
import { PROBLEM_TYPE, problem, problemSchema } from '../problem.ts';
import { type WhereResult, whereSchema } from '../schemas/where.ts';
import type { Server } from '../server-type.ts';

export interface PlaceQuery {
  readonly file?: string | undefined;
  readonly fileId?: string | undefined;
  readonly line?: number | undefined;
  readonly offset?: number | undefined;
  readonly text?: string | undefined;
  readonly limit?: number | undefined;
}

/** What the route needs of the agent. */
export interface WhereApi {
  /** Rejects with an error named `SearchRefused` when it has too much to search already. */
  where(query: { readonly id: string } | PlaceQuery): Promise<WhereAnswer>;
}

type DeepReadonly<T> = T extends object ? { readonly [Key in keyof T]: DeepReadonly<T[Key]> } : T;
type WhereAnswer = DeepReadonly<WhereResult>;

const MAX_LIMIT = 100;
/** Seconds after which a search that was refused may be asked for again. */
const RETRY_AFTER = '2';

function wholeNumber(min: number, max: number) {
  const error = `expected a whole number from ${min}${max === Number.MAX_SAFE_INTEGER ? ' on' : ` to ${max}`}`;
  // Not coerced from an empty text, which would be 0.
  return z
    .string()
    .regex(/^\d{1,16}$/, { error })
    .transform(Number)
    .pipe(z.int({ error }).min(min, { error }).max(max, { error }));
}

const querystring = z
  .strictObject({
    id: z
      .string()
      .toLowerCase()
      .regex(/^(?:[0-9a-f]{32}|[0-9a-f]{8}-[0-9a-z]{8}-[0-9a-f]{12})$/, {
        error: 'expected a trace id of 32 hexadecimal digits, or a record uid',
      })
      .optional()
      .describe('Trace id of the log, or its log.record.uid.'),
    file: z
      .string()
      .max(4096)
      .refine((path) => isAbsolute(path) && !path.includes('\0'), { error: 'expected an absolute path' })
      .transform(normalize)
      .optional()
      .describe('Path of a file that a source reads, or had when it was read.'),
    line: wholeNumber(1, Number.MAX_SAFE_INTEGER).optional().describe('Number of the line, from 1.'),
    offset: wholeNumber(0, Number.MAX_SAFE_INTEGER).optional().describe('Position of any byte of the line.'),
    text: z
      .string()
      .min(1)
      .max(4096)
      .refine((text) => !text.includes('\n'), { error: 'expected a part of one line' })
      .optional()
      .describe('A part of the line. Without file, all files that are read are looked through.'),
    file_id: z
      .string()
      .regex(/^\d{1,20}:\d{1,20}$/, { error: 'expected device:inode' })
      .optional()
      .describe('As an earlier answer gave it: the file that is meant, should its path lead to another now.'),
    limit: wholeNumber(1, MAX_LIMIT).optional().describe('Most lines to answer for, 5 if left out.'),
  })
  .superRefine((query, context) => {
    const fail = (path: string, message: string) =>
      context.addIssue({ code: 'custom', path: [path], message, input: query });
    const { id, file, line, offset, text } = query;
    const places = [line, offset, text].filter((each) => each !== undefined).length;
    if (id !== undefined) {
      if (file !== undefined || places > 0) fail('id', 'stands alone: leave out file, line, offset and text');
    } else if (places === 0) fail('file', 'expected with it one of line, offset, text; or id alone');
    else if (places > 1) fail('file', 'expected with it only one of line, offset, text');
    else if (file === undefined && text === undefined) fail('file', 'expected the path of the file');
  });

const schema = {
  summary: 'What became of a line: a verdict, with proof.',
  tags: ['search'],
  querystring,
  response: { 200: whereSchema, 400: problemSchema, 503: problemSchema },
};

export function whereRoute(server: Server, { where }: { where: WhereApi }): void {
  server.get('/api/where', { schema }, async ({ query, url }, reply) => {
    const { id, file_id: fileId, ...place } = query;
    try {
      return (await where.where(id === undefined ? { ...place, fileId } : { id })) as WhereResult;
    } catch (error) {
      if ((error as Error).name !== 'SearchRefused') throw error;
      const { message } = error as Error;
      const detail = `${message.charAt(0).toUpperCase()}${message.slice(1)}.`;
      return reply
        .code(503)
        .header('retry-after', RETRY_AFTER)
        .type(PROBLEM_TYPE)
        .send(problem(503, detail, url));
    }
  });
}
