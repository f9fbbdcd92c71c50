import { globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative, sep } from 'node:path';
import { expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '..', 'src');

/** What each part of src/ may import besides itself: the arrows of design.md, section 4. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  kernel: [],
  record: ['kernel'],
  component: ['record', 'kernel'],
  'sources/*': ['component', 'record', 'kernel'],
  'processors/*': ['component', 'record', 'kernel'],
  'sinks/*': ['component', 'record', 'kernel'],
  config: ['tracing', 'component', 'record', 'kernel'],
  dispatcher: ['component', 'record', 'kernel'],
  metrics: ['component', 'record', 'kernel'],
  tracing: ['component', 'record', 'kernel'],
  where: ['component', 'record', 'kernel'],
  live: ['component', 'record', 'kernel'],
  http: ['component', 'record', 'kernel', 'metrics'],
  'registry.ts': ['sources/*', 'processors/*', 'sinks/*', 'component'],
  'state-dir.ts': [],
  'version.ts': [],
  'summary.ts': ['component'],
  pipeline: ['registry.ts', 'config', 'dispatcher', 'component', 'record', 'kernel'],
  'line-knowledge.ts': ['where', 'pipeline', 'tracing', 'component'],
  'agent.ts': [
    'pipeline',
    'where',
    'live',
    'line-knowledge.ts',
    'registry.ts',
    'state-dir.ts',
    'version.ts',
    'http',
    'config',
    'dispatcher',
    'tracing',
    'metrics',
    'component',
    'record',
    'kernel',
  ],
  'replay-alone.ts': ['pipeline', 'state-dir.ts', 'config', 'dispatcher', 'component', 'kernel'],
  commands: [
    'agent.ts',
    'replay-alone.ts',
    'state-dir.ts',
    'registry.ts',
    'summary.ts',
    'version.ts',
    'http',
    'config',
    'dispatcher',
    'component',
  ],
  'main.ts': ['commands', 'version.ts'],
};

/** `sinks/loki/index.ts` → its exact folder `sinks/loki` and its class `sinks/*`. */
function partOf(file: string): { exact: string; kind: string } {
  const [first, second] = file.split(sep);
  const component = ['sources', 'processors', 'sinks'].includes(first!);
  return component ? { exact: `${first}/${second}`, kind: `${first}/*` } : { exact: first!, kind: first! };
}

function importsOf(file: string): string[] {
  const text = readFileSync(join(ROOT, file), 'utf8');
  return [...text.matchAll(/(?:from|import)\s*\(?\s*'(\.{1,2}\/[^']+)'/g)].map(([, path]) =>
    normalize(join(dirname(file), path!)),
  );
}

const files = globSync('**/*.ts', { cwd: ROOT }).filter(
  (file) => !file.endsWith('.test.ts') && !file.startsWith(join('kernel', 'assembly')),
);

test.each(files)('%s imports only what lies below it', (file) => {
  const from = partOf(file);
  const allowed = ALLOWED[from.kind];
  expect(
    allowed,
    `src/${from.kind} is not listed in ${relative(process.cwd(), import.meta.filename)}`,
  ).toBeDefined();
  for (const target of importsOf(file)) {
    if (!target.endsWith('.ts')) continue;
    const to = partOf(target);
    const inside = to.exact === from.exact;
    expect(inside || allowed!.includes(to.kind), `${file} must not import ${target}`).toBe(true);
  }
});

test('the test sees the imports it judges', () => {
  expect(importsOf('agent.ts').length).toBeGreaterThan(10);
});
