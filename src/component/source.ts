import type { z } from 'zod';
import type { Pool } from '../kernel/pool.ts';
import type { Slot } from '../kernel/slot.ts';
import type { Chunk } from '../record/chunk.ts';
import type { Context, Spec } from './spec.ts';

/** Where a source puts what it reads; the dispatcher is one. */
export interface Intake {
  /** Empty slots to read into. Waiting here is how backpressure reaches a source. */
  readonly slots: Pool<Slot>;
  /**
   * Takes over the chunk and its slot. Never waits and never fails: whoever has a slot has room.
   * A chunk with no records only gives its slot back.
   */
  handle(chunk: Chunk): void;
}

/** Positions that survive a restart; values must be JSON. One store a source, kept by the dispatcher. */
export interface Positions {
  get(key: string): unknown;
  entries(): Iterable<[key: string, value: unknown]>;
  /** Kept in memory at once, written to disk soon after. */
  set(key: string, value: unknown): void;
  delete(key: string): void;
  /** Some of what was stored could not be read at the start, so that a missing position says nothing. Absent: no. */
  readonly damaged?: boolean;
}

export interface SourceContext extends Context {
  readonly labels: Readonly<Record<string, string>>;
  readonly positions: Positions;
  /**
   * Set when the source takes the place of one with the same id in a running agent: since when nothing was looked at, in
   * milliseconds since 1970. What came into being later is new, however short the time was.
   */
  readonly unwatchedSince?: number;
}

/** Why a source is told to stop when another with the same id, built from a changed configuration, is about to go on. */
export class SourceReplaced extends Error {
  override readonly name = 'SourceReplaced';
}

/** A file (or other stream) as the status page shows it. */
export interface StreamStatus {
  readonly id: string;
  /** Read up to here, and acknowledged by every sink up to here, in bytes. */
  readonly position: number;
  readonly committed: number;
  /** Bytes known to exist. */
  readonly size: number;
  readonly lag_bytes: number;
}

/** A file that a source reads or has read, for those who look for a line in it. */
export interface SourceFile {
  /** As `Stream.key`. */
  readonly key: string;
  /** Id of its stream: the path it was found under. */
  readonly stream: string;
  /** Where it was last seen, for calls of the file system; rotation may have moved it since. */
  readonly path: string | Buffer;
  /** Read up to here, and acknowledged by every sink up to here, in bytes of what it holds now. */
  readonly position: number;
  readonly committed: number;
  /** Where this run of the agent began to read what it holds now. */
  readonly began: number;
  /** Bytes at its beginning that were there before the agent first saw it, and that nobody asked it to read. */
  readonly skipped: number;
  /** Whether it is still read. */
  readonly tailed: boolean;
}

export interface SourceStatus {
  readonly state: 'idle' | 'running' | 'waiting' | 'done' | 'stopped';
  readonly streams: readonly StreamStatus[];
  /** Counters and facts of this type of source, by snake_case name. */
  readonly details?: Readonly<Record<string, number | string>>;
}

export interface Source {
  /**
   * Takes what somebody else may have, such as a port, so that a changed configuration can be refused before anything
   * is stopped. Called at most once, before `run`, which then need not take it; what was taken is let go when `run`
   * ends. Absent, or not called: `run` does it. Rejects with an error that says what to change; it holds nothing then.
   */
  open?(): Promise<void>;
  /** Lets go of what `open` took; called when `run` is not going to be. */
  close?(): Promise<void>;
  /**
   * Lets go of what a predecessor that was stopped with `SourceReplaced` left for it; called when it is stopped before
   * `run`, and nobody goes on in its place. Absent: nothing is left.
   */
  abandon?(): void;
  /**
   * Called once. Reads until the signal is aborted (then resolves after giving back its slots) or until there is
   * nothing more to come (then resolves by itself). The signal's reason is a `SourceReplaced` when another goes on in its
   * place. Rejects only when the source cannot work at all.
   */
  run(intake: Intake, signal: AbortSignal): Promise<void>;
  /** Called at any time, before `run` and after it too. Cheap: it answers from memory. */
  status(): SourceStatus;
  /** Every file it reads or remembers, from memory; absent: its streams are no files. */
  files?(): Iterable<SourceFile>;
}

export type SourceSpec<Type extends string = string, Schema extends z.ZodObject = z.ZodObject> = Spec<
  Type,
  Schema,
  SourceContext,
  Source
> & {
  /**
   * Whether what was read and not acknowledged can be read again after a restart. Only logs of sources that cannot are
   * kept in a sink's disk buffer: the others wait where they are.
   */
  readonly rereadable: boolean;
};
