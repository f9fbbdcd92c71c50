/** The answers of the API, as the agent's own schemas describe them. Types only: nothing of the agent is bundled. */
import type { AgentStatus } from '../../src/component/status.ts';
import type { Problem } from '../../src/http/problem.ts';
import type { TracingStatus } from '../../src/http/schemas/tracing-status.ts';

export type { AuditEntry } from '../../src/http/audit.ts';
export type { Explanation } from '../../src/http/schemas/explanation.ts';
export type { Trace, TraceList } from '../../src/http/schemas/traces.ts';
export type { WhereResult } from '../../src/http/schemas/where.ts';
export type { AgentStatus, Problem, TracingStatus };

export type SourceStatus = AgentStatus['sources'][number];
export type SinkStatus = AgentStatus['sinks'][number];
export type Ledger = SourceStatus['ledger'];
export type Role = 'read' | 'control';
export type Mode = TracingStatus['mode'];
export type Rule = TracingStatus['on_demand_rules'][number];
export type Detector = TracingStatus['adaptive_sampling']['agent'];
