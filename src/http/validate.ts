/**
 * Checks requests against the schemas of their routes, and reports each wrong field on its own, unknown ones with
 * those that are known. Used by server.ts; problem.ts turns the result into an answer.
 */
import type { FastifySchemaCompiler } from 'fastify';
import { z } from 'zod';
import { expectation } from '../component/expectation.ts';

/** One field, in the form that Fastify hands to its error handler. */
interface FieldError {
  readonly keyword: string;
  /** Keys on the way to the field, each behind a slash. */
  readonly instancePath: string;
  readonly schemaPath: string;
  readonly params: Record<string, unknown>;
  readonly message: string;
}

/** Wrong fields reported of one request: nobody reads more, and they could be thousands. */
const MAX_ERRORS = 20;

export const validatorCompiler: FastifySchemaCompiler<z.ZodType> = ({ schema }) => {
  return (data: unknown) => {
    const result = schema.safeParse(data, { error: accepted });
    if (result.success) return { value: result.data };
    const errors = result.error.issues.flatMap(fieldErrors).slice(0, MAX_ERRORS);
    // Fastify takes such a list as it is (its reference, "Validation and Serialization"); its type says Error.
    return { error: errors as unknown as Error };
  };
};

/** In the words of the configuration's errors, where a schema has none of its own. */
function accepted(issue: z.core.$ZodRawIssue): string {
  if (issue.code === 'unrecognized_keys' && issue.inst instanceof z.ZodObject) {
    return `unknown; accepted: ${Object.keys(issue.inst.shape).join(', ')}`;
  }
  return expectation(issue) || 'not accepted';
}

function fieldErrors(issue: z.core.$ZodIssue): FieldError[] {
  const paths =
    issue.code === 'unrecognized_keys' ? issue.keys.map((key) => [...issue.path, key]) : [issue.path];
  return paths.map((path) => {
    const instancePath = path.map((key) => `/${String(key)}`).join('');
    const { code: keyword, message } = issue;
    return { keyword, instancePath, schemaPath: `#${instancePath}/${keyword}`, params: {}, message };
  });
}
