/** The compose stack, as far as it can be judged without a container engine: files, versions, references, checkers. */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';

const ROOT = join(import.meta.dirname, '..', '..');
const FOLDER = join(ROOT, 'deploy', 'compose');
const hasPromtool = process.env.CI !== undefined || spawnSync('promtool', ['--version']).status === 0;

interface Service {
  readonly image?: string;
  readonly build?: { readonly context: string; readonly dockerfile: string };
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly depends_on?: readonly string[];
}

interface DataSource {
  readonly uid: string;
  readonly url: string;
  readonly jsonData: object;
}

const text = (path: string) => readFileSync(join(ROOT, path), 'utf8');
const compose = parse(text('deploy/compose/docker-compose.yaml')) as {
  services: Record<string, Service>;
  volumes: Record<string, null>;
};
const services = Object.entries(compose.services);
const { datasources } = parse(text('provisioning/grafana/datasources/log-capturer.yaml')) as {
  datasources: DataSource[];
};

test.each(services)(
  '%s: its version is pinned, what it mounts exists, and it listens on this host only',
  (_, service) => {
    if (service.build === undefined) expect(service.image).toMatch(/^[\w/.-]+:v?\d+\.\d+\.\d+$/);
    else expect(existsSync(resolve(FOLDER, service.build.context, service.build.dockerfile))).toBe(true);
    for (const volume of service.volumes ?? []) {
      const [source] = volume.split(':');
      if (source!.startsWith('.')) expect(existsSync(resolve(FOLDER, source!)), source).toBe(true);
      else expect(Object.keys(compose.volumes)).toContain(source);
    }
    for (const port of service.ports ?? []) expect(port).toMatch(/^127\.0\.0\.1:/);
    for (const other of service.depends_on ?? []) expect(Object.keys(compose.services)).toContain(other);
  },
);

test('every host that a file of the stack names is one of its services', () => {
  const files = ['deploy/compose/config.yaml', 'deploy/compose/prometheus.yaml'].map(text);
  const urls = [
    ...files.join('\n').matchAll(/http:\/\/([a-z]+):\d+/g),
    ...files.join('\n').matchAll(/\[([a-z]+):\d+\]/g),
  ];
  const hosts = [...urls.map(([, host]) => host!), ...datasources.map(({ url }) => new URL(url).hostname)];
  expect(hosts.length).toBeGreaterThan(5);
  for (const host of hosts) expect(Object.keys(compose.services)).toContain(host);
});

test('data sources lead to data sources that are there', () => {
  const uids = datasources.map(({ uid }) => uid);
  const named = [...JSON.stringify(datasources).matchAll(/"datasourceUid":"([^"]+)"/g)].map(
    ([, uid]) => uid!,
  );
  expect(named.length).toBeGreaterThan(3);
  for (const uid of named) expect(uids).toContain(uid);
});

test("the agent's configuration is valid", () => {
  const file = join(FOLDER, 'config.yaml');
  const env = { ...process.env, LOG_CAPTURER_TOKEN: 'an-example-of-a-token-0123456789' };
  const said = execFileSync(join(ROOT, 'bin', 'log-capturer'), ['validate', file], { env, encoding: 'utf8' });
  expect(said).toContain('ok');
});

test.skipIf(!hasPromtool)(
  'promtool takes the configuration of Prometheus (skipped where it is not installed)',
  () => {
    const dir = mkdtempSync(join(tmpdir(), 'compose-'));
    try {
      writeFileSync(join(dir, 'token'), 'secret');
      const config = text('deploy/compose/prometheus.yaml')
        .replaceAll('/etc/prometheus/rules', join(ROOT, 'provisioning', 'prometheus'))
        .replace('/etc/prometheus/token', join(dir, 'token'));
      const file = join(dir, 'prometheus.yaml');
      writeFileSync(file, config);
      expect(execFileSync('promtool', ['check', 'config', file], { encoding: 'utf8' })).toContain('SUCCESS');
    } finally {
      rmSync(dir, { recursive: true });
    }
  },
);
