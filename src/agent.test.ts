/** What the agent does with a changed configuration when it is told to stop meanwhile. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { RecordingLog } from '../test/fixtures/pipeline.ts';
import { Agent } from './agent.ts';
import { loadConfig } from './config/load.ts';
import { HttpServer } from './http/http-server.ts';
import * as registry from './registry.ts';
import { Tracing } from './tracing/tracing.ts';

async function running(text: string) {
  const dir = await mkdtemp(join(tmpdir(), 'agent-'));
  onTestFinished(() => rm(dir, { recursive: true }));
  const configFile = join(dir, 'config.yaml');
  const fixed = `state_dir: ${dir}/state
sources: [{ id: in, type: file, include: ["${dir}/*.log"] }]
sinks: [{ id: out, type: file, path: "${dir}/out/{file}" }]
reload: { watch: false }
`;
  const write = (rest: string) => writeFile(configFile, fixed + rest);
  await write(text);
  const config = await loadConfig(configFile, { registry, environment: {} });
  const agent = new Agent(config, { configFile, log: new RecordingLog() });
  onTestFinished(() => agent.stop());
  await agent.start();
  return { agent, write };
}

test('a change during which the agent is told to stop leaves everything as it was', async () => {
  const { agent, write } = await running('server: { port: 0 }\n');
  onTestFinished(() => void vi.restoreAllMocks());
  const commitServer = vi.fn();
  const update = vi.spyOn(Tracing.prototype, 'update');
  // The first step of the change.
  vi.spyOn(HttpServer.prototype, 'prepare').mockImplementation(() => {
    void agent.stop();
    return commitServer;
  });

  await write('server: { port: 0, rate_limit: { requests: 7, per: 1s } }\ntracing: { mode: off }\n');
  const { result } = await agent.reload('api');
  expect(result).toMatchObject({ result: 'refused', problems: ['the agent is stopping'] });
  expect(commitServer).not.toHaveBeenCalled();
  expect(update).not.toHaveBeenCalled();
  expect(agent.config.server.rate_limit).not.toMatchObject({ requests: 7 });
});
