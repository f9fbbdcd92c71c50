import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { configText, onPath, PEERS } from './peers.ts';

const PLACES = { input: '/w/in.log', output: '/w/output.log', folder: '/w', port: 4711 };

const CONFIGS = PEERS.flatMap((peer) =>
  peer.workloads.map((workload) => ({ peer, workload, name: peer.name })),
);

test.each(CONFIGS)(
  '$name has a configuration for $workload without open placeholders',
  async ({ peer, workload }) => {
    const text = await configText(peer, workload, PLACES);
    expect(text).toContain('/w/in.log');
    expect(text).not.toContain('{{');
    if (workload === 'http') expect(text).toContain('4711');
  },
);

test('only programs that can be run are found on PATH', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'bench-path-'));
  await writeFile(join(folder, 'agent'), '');
  expect(onPath('agent', `/nowhere:${folder}`)).toBeUndefined();
  await chmod(join(folder, 'agent'), 0o755);
  expect(onPath('agent', `/nowhere:${folder}`)).toBe(join(folder, 'agent'));
  await rm(folder, { recursive: true });
});
