/**
 * `GET /api/tracing/rules`, `POST /api/tracing/enable` and `/disable`: on-demand rules, which trace more or less of a source for a while. Only in
 * mode hybrid do they have a meaning, so they are refused in the others. Every change is audited.
 */
import { z } from 'zod';
import type { AgentStatus } from '../../component/status.ts';
import { namesOf } from '../names.ts';
import { PROBLEM_TYPE, problem, problemSchema } from '../problem.ts';
import { modeSchema, type TracingStatus, tracingStatusSchema } from '../schemas/tracing-status.ts';
import type { Server } from '../server-type.ts';
import { isRuleRefusal, type TracingApi } from '../tracing-api.ts';

/** A rule with every field at its longest is some 2 KiB. */
const BODY_BYTES = 16 << 10;

const withMode = problemSchema.extend({ mode: modeSchema.optional() });
const refusals = { 400: problemSchema, 409: withMode };

const enabled = z.object({
  status: z.literal('enabled'),
  source_id: z.string(),
  rate: z.number(),
  duration: z.string().describe('Such as 10m.'),
  expires_at: z.string().describe('ISO 8601.'),
  matched_sources: z
    .array(z.string())
    .describe(
      'Configured sources and streams (files, containers) that the rule names now. It waits for others.',
    ),
});

const disabled = z.object({ status: z.literal('disabled'), source_id: z.string() });

const disableRequest = z.strictObject({
  source_id: z
    .string({ error: 'expected the source_id that the rule was enabled with' })
    .min(1, { error: 'expected the source_id that the rule was enabled with' })
    .max(1024, { error: 'expected at most 1024 characters' })
    .describe('As given to enable.'),
});

const rules = z.object({
  mode: modeSchema.describe('Rules have an effect only in hybrid.'),
  rules: tracingStatusSchema.shape.on_demand_rules,
});

interface Options {
  readonly tracing: TracingApi;
  readonly status: () => AgentStatus;
}

export function tracingRulesRoutes(server: Server, { tracing, status }: Options): void {
  const listSchema = {
    summary: 'The on-demand rules in force, those that end first in front.',
    tags: ['tracing'],
    response: { 200: rules },
  };
  server.get('/api/tracing/rules', { schema: listSchema }, async () => {
    const { mode, on_demand_rules } = tracing.status();
    return { mode, rules: on_demand_rules };
  });

  const enableSchema = {
    summary: 'Traces more or less of a source for a while.',
    description:
      'Puts a rule in force, in place of one for the same `source_id`. Only in mode hybrid; in others the answer is 409.',
    tags: ['tracing'],
    body: tracing.ruleSchema,
    response: { 200: enabled, ...refusals, 429: problemSchema },
  };
  server.post(
    '/api/tracing/enable',
    { bodyLimit: BODY_BYTES, schema: enableSchema },
    async (request, reply) => {
      const { body, url } = request;
      const { mode, on_demand_rules: rules } = tracing.status();
      if (mode !== 'hybrid') return reply.code(409).type(PROBLEM_TYPE).send(wrongMode(mode, url));
      try {
        const { rate, expires_at, remaining: duration } = tracing.enable(body);
        const { source_id, where, max_traces, note } = body;
        const before = rules.find((rule) => rule.source_id === source_id);
        request.audit({
          action: 'tracing.enable',
          target: source_id,
          ...(before && {
            before: {
              rate: before.rate,
              remaining: before.remaining,
              ...(before.where && { where: before.where }),
              ...(before.max_traces && { max_traces: before.max_traces }),
            },
          }),
          after: { rate, duration, ...(where && { where }), ...(max_traces && { max_traces }) },
          ...(note && { note }),
        });
        const matches = tracing.matcher(source_id);
        const matched_sources = namesOf(status())
          .filter(matches)
          .map(({ id }) => id);
        return { status: 'enabled' as const, source_id, rate, duration, expires_at, matched_sources };
      } catch (error) {
        if (!isRuleRefusal(error)) throw error;
        const code = error.kind === 'too_many' ? 429 : 409;
        return reply
          .code(code)
          .type(PROBLEM_TYPE)
          .send(problem(code, sentence(error.message), url));
      }
    },
  );

  const disableSchema = {
    summary: 'Ends a rule before its time.',
    tags: ['tracing'],
    body: disableRequest,
    response: { 200: disabled, ...refusals, 404: problemSchema },
  };
  server.post(
    '/api/tracing/disable',
    { bodyLimit: BODY_BYTES, schema: disableSchema },
    async (request, reply) => {
      const { url } = request;
      const { source_id } = request.body;
      const { mode } = tracing.status();
      if (mode !== 'hybrid') return reply.code(409).type(PROBLEM_TYPE).send(wrongMode(mode, url));
      if (!tracing.disable(source_id)) {
        const detail =
          'No rule in force was enabled with this source_id; GET /api/tracing/status lists those that are.';
        return reply
          .code(404)
          .type(PROBLEM_TYPE)
          .send(problem(404, detail, url));
      }
      request.audit({ action: 'tracing.disable', target: source_id });
      return { status: 'disabled' as const, source_id };
    },
  );
}

function wrongMode(mode: TracingStatus['mode'], url: string) {
  const detail = `Rules work only in mode hybrid, and tracing is in mode ${mode}. Set tracing.mode to hybrid, or change it for a while: log-capturer tracing mode hybrid --duration 10m, or PUT /api/tracing/mode.`;
  return { ...problem(409, detail, url), mode };
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
