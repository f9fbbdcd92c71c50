/** What the configuration says of a sink's disk buffer. */
export interface BufferSettings {
  /** Most bytes of its files together. */
  readonly maxBytes: number;
  /** `block`: what does not fit waits in memory; `drop_oldest`: the oldest file is deleted for it, and counted. */
  readonly whenFull: 'block' | 'drop_oldest';
  /** `always`: before logs are acknowledged; `interval`: once a second, so that a power failure may cost the last second. */
  readonly fsync: 'always' | 'interval';
}

/** For a buffer that the configuration does not name any more: what it holds is delivered, and new logs go behind it. */
export const DRAIN_ONLY: BufferSettings = { maxBytes: 2 ** 30, whenFull: 'block', fsync: 'always' };
