/**
 * Errors as RFC 9457 problem details. Says what was wrong with the request; never what went wrong inside the agent
 * (that goes to its log), and never anything a log contains. Used by server.ts for every answer that is an error.
 */
import { STATUS_CODES } from 'node:http';
import type { FastifyError } from 'fastify';
import { z } from 'zod';

export const PROBLEM_TYPE = 'application/problem+json';

/** Longest path repeated in an answer. */
const MAX_INSTANCE = 200;

/** Where Fastify's own words leave open what to do (its reference, "Errors"). */
const DETAILS: Readonly<Record<string, string>> = {
  FST_ERR_CTP_INVALID_MEDIA_TYPE:
    'The body must be JSON; send it with the header content-type: application/json.',
};

export const problemSchema = z.object({
  type: z.string().describe('`about:blank`: the title says it all (RFC 9457, 4.2.1).'),
  title: z.string().describe('The meaning of the status.'),
  status: z.int().describe('The HTTP status.'),
  detail: z.string().describe('What was wrong and what to do.'),
  instance: z.string().optional().describe('The path that was asked for.'),
  errors: z
    .array(z.object({ field: z.string(), detail: z.string() }))
    .optional()
    .describe('The fields of the request that were wrong.'),
});

export type Problem = z.output<typeof problemSchema>;

/** @param url The request's target; its query is left out, for it may hold a secret. */
export function problem(status: number, detail: string, url?: string): Problem {
  const instance = url?.split('?', 1)[0]?.slice(0, MAX_INSTANCE);
  const title = STATUS_CODES[status] ?? 'Error';
  return { type: 'about:blank', title, status, detail, ...(instance === undefined ? {} : { instance }) };
}

/** Thrown where a request is refused, by hooks and handlers alike. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly statusCode: number;
  /** Go out with the answer. */
  readonly headers: Readonly<Record<string, string>>;

  /** @param detail A sentence that says what was wrong and what to do; it is shown to the client. */
  constructor(statusCode: number, detail: string, headers: Readonly<Record<string, string>> = {}) {
    super(detail);
    this.statusCode = statusCode;
    this.headers = headers;
  }
}

/** The problem of an error thrown while answering. Faults of ours (5xx) keep their message to themselves. */
export function problemOf(error: FastifyError, url: string): Problem {
  const status = error.statusCode ?? 500;
  if (status >= 500 || status < 400) {
    return problem(500, "The agent failed to answer; the reason is in the agent's log.", url);
  }
  if (error.validation === undefined) return problem(status, DETAILS[error.code] ?? error.message, url);
  const errors = error.validation.map(({ instancePath, message }) => ({
    field: [error.validationContext ?? 'request', ...instancePath.split('/').filter(Boolean)].join('.'),
    detail: message ?? 'is not valid',
  }));
  const detail = errors.map((each) => `${each.field}: ${each.detail}`).join('; ');
  return { ...problem(status, detail, url), errors };
}
