/**
 * From an entry of the configuration to a component: finds the spec of its type in the registry and builds it.
 * Opens nothing and starts nothing. Called by the pipeline.
 */
import type { Clock } from '../component/clock.ts';
import type { Logger } from '../component/logger.ts';
import type { Processor } from '../component/processor.ts';
import type { Sink } from '../component/sink.ts';
import type { Positions, Source } from '../component/source.ts';
import type { ProcessorConfig, SinkConfig, SourceConfig } from '../config/schema.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { processors, sinks, sources } from '../registry.ts';

/** What all components of a pipeline share. */
export interface Shared {
  readonly log: Logger;
  readonly clock: Clock;
  readonly kernel: Kernel;
  readonly stateDir: string;
}

/**
 * @param unwatchedSince as in `SourceContext`.
 * @throws whatever the source says against its configuration.
 */
export function buildSource(
  entry: SourceConfig,
  shared: Shared,
  { positions, unwatchedSince }: { positions: Positions; unwatchedSince?: number },
): Source {
  const { id, type, labels } = entry;
  const context = { ...shared, id, labels, positions };
  return specOf(sources, type).build(
    entry,
    unwatchedSince === undefined ? context : { ...context, unwatchedSince },
  );
}

/** Whether what a source of this type has read and nobody has acknowledged can be read again; unknown types are taken for such. */
export function isRereadable(type: string): boolean {
  return sources.find((spec) => spec.type === type)?.rereadable ?? true;
}

/** @throws whatever a processor says against its configuration. */
export function buildProcessors(entries: readonly ProcessorConfig[], shared: Shared): readonly Processor[] {
  return entries.map((entry) => specOf(processors, entry.type).build(entry, { ...shared, id: entry.type }));
}

/** @throws whatever the sink says against its configuration. */
export function buildSink(entry: SinkConfig, shared: Shared): Sink {
  return specOf(sinks, entry.type).build(entry, { ...shared, id: entry.id });
}

function specOf<S extends { readonly type: string }>(specs: readonly S[], type: string): S {
  const spec = specs.find((candidate) => candidate.type === type);
  if (spec === undefined) throw new Error(`no component of type ${type} in src/registry.ts`);
  return spec;
}
