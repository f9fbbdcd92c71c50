/** What is measured again and again, and what came of it. Used by run.ts and report.ts. */
import type { Sample } from '../measure.ts';
import type { Variant } from './variants.ts';

/** What the agent used and sent while it worked off a file. */
export interface TracedSample extends Pick<Sample, 'wallMs' | 'cpuMs'> {
  /** Bytes of requests that the far ends of logs and of spans have got; bodies only. */
  readonly logBytes: number;
  readonly spanBytes: number;
  /** Spans made, those of batches included, and how many of them were not sent. */
  readonly spansCreated: number;
  readonly spansDropped: number;
  /** What tracing's own code took of it, as the agent measures itself: without sending, and without what sinks stamp. */
  readonly tracingMs: number;
}

export interface Subject {
  readonly variant: Variant;
  readonly samples: TracedSample[];
}
