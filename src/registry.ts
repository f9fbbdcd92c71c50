/** Every component there is. A new one is a folder and a line here; its configuration, docs and tests follow from it. */
import type { ProcessorSpec } from './component/processor.ts';
import type { SinkSpec } from './component/sink.ts';
import type { SourceSpec } from './component/source.ts';
import { filterProcessor } from './processors/filter/index.ts';
import { parseJsonProcessor } from './processors/parse_json/index.ts';
import { blackholeSink } from './sinks/blackhole/index.ts';
import { fileSink } from './sinks/file/index.ts';
import { lokiSink } from './sinks/loki/index.ts';
import { stdoutSink } from './sinks/stdout/index.ts';
import { demoSource } from './sources/demo/index.ts';
import { fileSource } from './sources/file/index.ts';
import { httpSource } from './sources/http/index.ts';
import { stdinSource } from './sources/stdin/index.ts';

export const sources: readonly SourceSpec[] = [fileSource, httpSource, stdinSource, demoSource(fileSource)];

export const processors: readonly ProcessorSpec[] = [parseJsonProcessor, filterProcessor];

export const sinks: readonly SinkSpec[] = [lokiSink, fileSink, stdoutSink, blackholeSink];
