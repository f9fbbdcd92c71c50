/** The answers of the API, as the agent's own schemas describe them. Types only: nothing of the agent is bundled. */
import type { z } from 'zod';
import type { AgentStatus } from '../../src/component/status.ts';
import type { Problem } from '../../src/http/problem.ts';
import type { historySchema } from '../../src/http/routes/history.ts';
import type { TracingStatus } from '../../src/http/schemas/tracing-status.ts';

export type { AuditEntry } from '../../src/http/audit.ts';
export type { Explanation } from '../../src/http/schemas/explanation.ts';
export type { Trace, TraceList } from '../../src/http/schemas/traces.ts';
export type { WhereResult } from '../../src/http/schemas/where.ts';
export type { AgentStatus, Problem, TracingStatus };

/** The event stream leaves out most streams of a source, and says how many there are and how far behind they are together. */
export type SourceStatus = AgentStatus['sources'][number] & {
  readonly stream_count?: number;
  readonly lag_bytes?: number;
};
/** The status as it comes by events or by asking. */
export type Status = Omit<AgentStatus, 'sources'> & { readonly sources: readonly SourceStatus[] };
export type History = z.output<typeof historySchema>;
export type SinkStatus = AgentStatus['sinks'][number];
export type Ledger = SourceStatus['ledger'];
export type Role = 'read' | 'control';
export type Mode = TracingStatus['mode'];
export type Rule = TracingStatus['on_demand_rules'][number];
export type Detector = TracingStatus['adaptive_sampling']['agent'];
