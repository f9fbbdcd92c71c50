/**
 * The parts that a changed configuration needs, built and opened while everything else runs on, so that a part that
 * refuses its configuration, or a port in use, is known before anything is touched. Called by the pipeline.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Processor } from '../component/processor.ts';
import type { Sink } from '../component/sink.ts';
import type { Positions, Source } from '../component/source.ts';
import type { ConfigDiff } from '../config/diff.ts';
import type { SourceConfig } from '../config/schema.ts';
import { buildProcessors, buildSink, buildSource, type Shared } from './components.ts';

/** By id. */
export interface Parts {
  /** Of added and replaced sources. */
  readonly sources: ReadonlyMap<string, Source>;
  /** Of added, replaced and updated sources. */
  readonly processors: ReadonlyMap<string, readonly Processor[]>;
  /** Of added and replaced sinks; they are open. */
  readonly sinks: ReadonlyMap<string, Sink>;
  /** Closes what was opened, where nothing of it is used. */
  discard(): Promise<void>;
}

/**
 * @param options.running the configuration that a source runs with; undefined when it does not.
 * @throws with the id of the component in the message; nothing is left open then.
 */
export async function prepareParts(
  { sources, sinks }: Pick<ConfigDiff, 'sources' | 'sinks'>,
  options: {
    shared: Shared;
    positions: (id: string) => Positions;
    running: (id: string) => SourceConfig | undefined;
  },
): Promise<Parts> {
  const { shared, positions, running } = options;
  const { clock } = shared;
  const built = {
    sources: new Map<string, Source>(),
    processors: new Map<string, readonly Processor[]>(),
    sinks: new Map<string, Sink>(),
  };
  const opened: { close?(): Promise<void> }[] = [];
  const discard = async () => {
    for (const part of opened.splice(0)) await part.close?.().catch(() => {});
  };
  try {
    for (const entry of [...sinks.added, ...sinks.replaced]) {
      built.sinks.set(entry.id, await inside(`sink ${entry.id}`, () => buildSink(entry, shared)));
    }
    for (const entry of [...sources.added, ...sources.replaced]) {
      const { id } = entry;
      const unwatched = running(id) === undefined ? {} : { unwatchedSince: clock.toEpoch(clock.now()) };
      const build = () => buildSource(entry, shared, { positions: positions(id), ...unwatched });
      built.sources.set(id, await inside(`source ${id}`, build));
    }
    for (const entry of [...sources.added, ...sources.replaced, ...sources.updated]) {
      const build = () => buildProcessors(entry.processors, shared);
      built.processors.set(entry.id, await inside(`processors of source ${entry.id}`, build));
    }
    for (const [id, sink] of built.sinks) {
      opened.push(sink);
      await inside(`sink ${id}`, () => sink.open());
    }
    // Cannot be taken yet: who has them is still to stop.
    const occupied = [...sources.removed, ...sources.replaced.map(({ id }) => id)].map(
      (id) => running(id)?.listen,
    );
    for (const entry of [...sources.added, ...sources.replaced]) {
      const source = built.sources.get(entry.id)!;
      if (source.open === undefined || occupied.some((listen) => isDeepStrictEqual(listen, entry.listen)))
        continue;
      opened.push(source);
      await inside(`source ${entry.id}`, () => source.open!());
    }
  } catch (error) {
    await discard();
    throw error;
  }
  return { ...built, discard };
}

/** Says in an error of the action whose it is. */
async function inside<T>(what: string, action: () => T | Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    throw new Error(`${what}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}
