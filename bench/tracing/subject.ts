/** What is measured again and again, and what came of it. Used by run.ts and report.ts. */
import type { AgentSample } from '../agent-run.ts';
import type { Corpus } from '../corpora.ts';
import type { TracedPipeline, Variant } from './variants.ts';

/** What one run of the agent used and sent. */
export interface TracedSample extends AgentSample {
  /** Bytes of requests that the far ends of logs and of spans have got; bodies only. */
  readonly logBytes: number;
  readonly spanBytes: number;
}

export interface Subject {
  readonly pipeline: TracedPipeline;
  readonly variant: Variant;
  readonly corpus: Corpus;
  /** Worked off before the measurement: not in CPU and wall, but in what the agent counts and far ends get. */
  readonly warmUp: Corpus;
  readonly samples: TracedSample[];
}
