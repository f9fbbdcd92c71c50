/**
 * `GET /api/config`: the configuration that runs, defaults included and secrets masked, with the file it came from and
 * how the last reload went. What is shown is made by the agent; nothing is masked here.
 */
import { stringify } from 'yaml';
import { z } from 'zod';
import type { ConfigStatus } from '../../component/status.ts';
import { problemSchema } from '../problem.ts';
import { configStatusSchema } from '../schemas/reload.ts';
import type { Server } from '../server-type.ts';

/** The configuration as it may be shown to anybody who may read. */
export interface ConfigView extends ConfigStatus {
  readonly config: Readonly<Record<string, unknown>>;
}

const answer = configStatusSchema.extend({
  config: z
    .record(z.string(), z.unknown())
    .readonly()
    .describe('With defaults; secrets are `[secret]`. `log-capturer schema` describes its keys.'),
});

const querystring = z.strictObject({
  format: z
    .enum(['json', 'yaml'])
    .default('json')
    .describe('yaml: only the configuration, as it would be written in a file.'),
});

export function configRoute(server: Server, { config }: { config: () => ConfigView }): void {
  const schema = {
    summary: 'The configuration that runs, with secrets masked.',
    tags: ['config'],
    querystring,
    response: { 200: answer, 400: problemSchema },
  };
  server.get('/api/config', { schema }, async ({ query }, reply) => {
    const view = config();
    if (query.format === 'json') return view;
    const text = `# ${view.file}, read ${view.loaded_at}; secrets are masked\n${stringify(view.config)}`;
    return reply
      .type('application/yaml')
      .serializer(String)
      .send(text as never);
  });
}
