/** The agent's pipelines that are measured. Called by run.ts. */
import type { CorpusKind } from './corpora.ts';

export interface Pipeline {
  readonly name: string;
  readonly corpus: CorpusKind;
  /** The sink's keys; `port` is the discard server's. */
  readonly sink: (port: number) => Readonly<Record<string, unknown>>;
  readonly processors?: readonly unknown[];
  /** Where the file sink writes to, below the run's folder. */
  readonly output?: string;
}

const loki = (port: number) => ({ type: 'loki', url: `http://127.0.0.1:${port}` });

/** Never rotated: compressing rotated files is another benchmark's matter. */
export const fileSink = { type: 'file', path: './out/corpus.log', rotate: { max_bytes: '1024GiB' } };
export const fileSinkOutput = 'out/corpus.log';

export const PIPELINES: readonly Pipeline[] = [
  { name: 'file-to-blackhole', corpus: 'nginx', sink: () => ({ type: 'blackhole' }) },
  { name: 'file-to-file', corpus: 'nginx', sink: () => fileSink, output: fileSinkOutput },
  { name: 'file-to-loki', corpus: 'nginx', sink: loki },
  { name: 'file-to-loki-json', corpus: 'json', sink: loki },
  { name: 'parse_json-to-loki', corpus: 'json', sink: loki, processors: [{ type: 'parse_json' }] },
];
