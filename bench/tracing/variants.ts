/** The pipelines and the modes of tracing that are measured. Called by run.ts. */
import type { CorpusKind } from '../corpora.ts';

type Section = Readonly<Record<string, unknown>>;

export interface TracedPipeline {
  readonly name: string;
  readonly corpus: CorpusKind;
  /** Keys of the sink; `port` is that of the far end. */
  readonly sink: (port: number) => Section;
  readonly processors?: readonly unknown[];
  /** Whether the sink writes files, named as those that were read; `copies`: with the same bytes. */
  readonly writesFiles?: boolean;
  readonly copies?: boolean;
  /** Whether the sink can write ids into logs: raw lines it must not change. */
  readonly stamps: boolean;
}

/** Never rotated: compressing rotated files is another benchmark's matter. */
const fileSink = { type: 'file', path: './out/{file}', rotate: { max_bytes: '1024GiB' } };
const loki = (port: number) => ({ type: 'loki', url: `http://127.0.0.1:${port}` });

export const TRACED_PIPELINES: readonly TracedPipeline[] = [
  { name: 'file-to-loki', corpus: 'nginx', sink: loki, stamps: true },
  {
    name: 'parse_json-to-loki',
    corpus: 'json',
    sink: loki,
    processors: [{ type: 'parse_json' }],
    stamps: true,
  },
  {
    name: 'file-to-file',
    corpus: 'nginx',
    sink: () => fileSink,
    writesFiles: true,
    copies: true,
    stamps: false,
  },
  {
    name: 'file-to-file-json',
    corpus: 'nginx',
    sink: () => ({ ...fileSink, format: 'json' }),
    writesFiles: true,
    stamps: true,
  },
];

export interface Variant {
  readonly name: string;
  readonly tracing: Section;
  /** Whether the sink writes ids into traced logs. */
  readonly stamped: boolean;
}

export const OFF: Variant = { name: 'ModeOff', tracing: { mode: 'off' }, stamped: false };

const hybrid = (rate: number) => ({ mode: 'hybrid', log_tracing_rate: rate });
const fullE2e = (shape: string) => ({ mode: 'full-e2e', log_spans: shape });
/** The lines of the JSON corpus carry trace contexts, and logs that join a trace have no waterfall. */
const waterfall = { ...fullE2e('waterfall'), incoming: 'ignore' };

/** Each mode as it is by default, and without stamps where those may cost something. */
export const MODES: readonly {
  readonly name: string;
  readonly tracing: Section;
  readonly unstamped: boolean;
}[] = [
  { name: 'ModeSystemOnly', tracing: { mode: 'system-only' }, unstamped: false },
  { name: 'Hybrid_0Percent', tracing: hybrid(0), unstamped: false },
  { name: 'Hybrid_1Percent', tracing: hybrid(0.01), unstamped: false },
  { name: 'Hybrid_10Percent', tracing: hybrid(0.1), unstamped: true },
  { name: 'FullE2E_Compact', tracing: fullE2e('compact'), unstamped: true },
  { name: 'FullE2E_Waterfall', tracing: waterfall, unstamped: true },
];

/** Its logs have traces of their own, as those of an application that writes no trace ids have. */
const WITHOUT_CONTEXTS = {
  name: 'FullE2E_Compact, contexts ignored',
  tracing: { ...fullE2e('compact'), incoming: 'ignore' },
};

/** What is compared with `OFF`: itself, which shows the noise, and every mode. */
export function variantsOf({ stamps, corpus }: TracedPipeline): Variant[] {
  return [
    { ...OFF, name: 'ModeOff again' },
    ...MODES.flatMap(({ name, tracing, unstamped }): Variant[] => [
      ...(stamps || !unstamped ? [{ name, tracing, stamped: stamps }] : []),
      ...(unstamped
        ? [{ name: `${name}, unstamped`, tracing: { ...tracing, stamp: 'none' }, stamped: false }]
        : []),
    ]),
    ...(corpus === 'json' ? [{ ...WITHOUT_CONTEXTS, stamped: stamps }] : []),
  ];
}

/**
 * The section of a run that sends its spans to a server on `port`. Spans wait for 100 ms at most, so that the last ones
 * are sent while the run is still measured.
 */
export function sectionOf({ tracing }: Variant, port: number): Section {
  const exporter = {
    type: 'otlp',
    endpoint: `http://127.0.0.1:${port}/v1/traces`,
    batch_timeout: '100ms',
  };
  return { ...tracing, exporter };
}
