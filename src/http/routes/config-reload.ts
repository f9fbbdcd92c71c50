/**
 * `POST /api/config/reload`: reads the configuration file anew and applies what changed in it. 422 with every fault of
 * the file when it is refused; everything is as it was then.
 */
import type { ReloadResult } from '../../component/status.ts';
import { PROBLEM_TYPE, problem, problemSchema } from '../problem.ts';
import { reloadResultSchema } from '../schemas/reload.ts';
import type { Server } from '../server-type.ts';

export interface ReloadAnswer {
  readonly result: ReloadResult;
  /** What is wrong with the file; `path` are the keys on the way to the wrong one. */
  readonly problems: readonly {
    readonly file: string;
    readonly line: number;
    readonly column: number;
    readonly path: readonly (string | number)[];
    readonly message: string;
  }[];
}

const refused = problemSchema.extend({ result: reloadResultSchema });

export function configReloadRoute(server: Server, { reload }: { reload: () => Promise<ReloadAnswer> }): void {
  const schema = {
    summary: 'Reads the configuration file anew and applies what changed.',
    description:
      'Sources and sinks that did not change keep running. What was changed of tracing at run time is taken back.',
    tags: ['config'],
    response: { 200: reloadResultSchema, 422: refused },
  };
  server.post('/api/config/reload', { bodyLimit: 1024, schema }, async (request, reply) => {
    const { result, problems } = await reload();
    if (result.result === 'refused') {
      const detail = `The configuration is refused, and everything is as it was: ${result.problems?.join('; ')}`;
      const errors = problems.map(({ file, line, column, path, message }) => ({
        field: path.join('.'),
        detail: line === 0 ? `${file}: ${message}` : `${file}:${line}:${column}: ${message}`,
      }));
      return reply
        .code(422)
        .type(PROBLEM_TYPE)
        .send({ ...problem(422, detail, request.url), errors, result });
    }
    if (result.result === 'applied') {
      const after = result.changes.map(({ path, action }) => `${path} ${action}`);
      request.audit({ action: 'config.reload', target: 'configuration', after });
    }
    return result;
  });
}
