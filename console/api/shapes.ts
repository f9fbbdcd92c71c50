/** The answers of the API, as the agent's own schemas describe them. Types only: nothing of the agent is bundled. */
import type { AgentStatus } from '../../src/component/status.ts';
import type { Problem } from '../../src/http/problem.ts';

export type { Trace, TraceList } from '../../src/http/schemas/traces.ts';
export type { TracingStatus } from '../../src/http/schemas/tracing-status.ts';
export type { AgentStatus, Problem };

export type SourceStatus = AgentStatus['sources'][number];
export type SinkStatus = AgentStatus['sinks'][number];
export type Ledger = SourceStatus['ledger'];
export type Role = 'read' | 'control';
