/**
 * `npm run build:dashboards`: writes the dashboards that Grafana provisions. Their JSON is kept in the repository, so that
 * whoever has no Node.js can use it too; CI checks that it is what this writes.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from './pipeline.ts';
import { tracingMonitoring } from './tracing-monitoring.ts';

const FOLDER = join(import.meta.dirname, '..', 'provisioning', 'dashboards');

mkdirSync(FOLDER, { recursive: true });
for (const [name, dashboard] of Object.entries({
  'tracing-monitoring': tracingMonitoring(),
  pipeline: pipeline(),
})) {
  const { panels = [], ...rest } = dashboard.build();
  // Ids make links to single panels last.
  const numbered = panels.map((panel, i) => ({ ...panel, id: i + 1 }));
  writeFileSync(join(FOLDER, `${name}.json`), `${JSON.stringify({ ...rest, panels: numbered }, null, 2)}\n`);
}
