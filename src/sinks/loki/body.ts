import type { Clock } from '../../component/clock.ts';
import type { Kernel, Region } from '../../kernel/kernel.ts';
import type { Delivery } from '../../record/delivery.ts';
import type { StreamLabels } from './labels.ts';
import type { Metadata } from './metadata.ts';
import type { Range } from './range.ts';
import type { Timestamps } from './timestamps.ts';

/** What encoders of bodies share. */
export interface BodyParts {
  readonly kernel: Kernel;
  readonly clock: Clock;
  readonly labels: StreamLabels;
  readonly metadata: Metadata;
  readonly timestamps: Timestamps;
  /** Whether records go under the time found in them, where there is one. */
  readonly ownTimes: boolean;
}

export interface Body {
  /** What is posted; may lie in the region given to the encoder. */
  readonly bytes: Buffer;
  /** Before compression. */
  readonly rawBytes: number;
  /** The body holds the live records from the range's begin up to here; equal to the begin when not even one fits. */
  readonly end: number;
}

export interface BodyEncoder {
  readonly headers: Readonly<Record<string, string>>;
  /**
   * Encodes as much of the range as fits into `maxBytes` before compression, at least one record where the kernel's
   * regions hold it. `out` is the caller's alone until the request is over.
   */
  encode(delivery: Delivery, range: Range, maxBytes: number, out: Region): Body | Promise<Body>;
}
