/**
 * One ordered sequence of records: a tailed file, a container's output, a connection.
 * The dispatcher keeps the order of a stream's records and commits its positions in that order.
 */
export interface Stream {
  /** What operators call it (`source_id` of the tracing API): a file's path, a container's name. */
  readonly id: string;
  /** Id of the configured source it belongs to. */
  readonly source: string;
  /** Type of that source. */
  readonly sourceType: string;
  /** Labels of the configured source. */
  readonly labels: Readonly<Record<string, string>>;
  /** Path of the file, where the stream is one. */
  readonly path?: string;
  /** Of a file: `device:inode`, which tells it from those that had its path before or have it later. */
  readonly key?: string;
  /**
   * Called by the dispatcher, in order, when every record up to `position` has reached its end in every sink.
   * Must not throw.
   */
  commit(position: number): void;
}
