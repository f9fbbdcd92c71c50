/** Records as the twins see them. The twins say in plain TypeScript what the kernel must do; only tests call them. */

export interface TwinRecord {
  /** Index in the bytes they lie in. */
  readonly start: number;
  readonly length: number;
  /** Bits of `RecordFlag`. */
  readonly flags: number;
}
