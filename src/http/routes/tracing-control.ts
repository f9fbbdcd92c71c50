/**
 * `/api/tracing/mode` and `/api/tracing/settings`: the mode, rates and thresholds of tracing, changed in the running
 * agent. Such a change holds until it is taken back, until a reload of the configuration is applied, or until a restart;
 * the status shows it (`overrides`). Every change is audited.
 */
import { z } from 'zod';
import { duration } from '../../component/units.ts';
import { PROBLEM_TYPE, problem, problemSchema } from '../problem.ts';
import { modeSchema, overridesSchema } from '../schemas/tracing-status.ts';
import type { Server } from '../server-type.ts';
import { isOverrideRefusal, type TracingApi } from '../tracing-api.ts';

/** Every setting at its longest is well below 4 KiB. */
const BODY_BYTES = 16 << 10;

const modeRequest = z.strictObject({
  mode: modeSchema,
  duration: duration({ min: '1m', max: '24h' })
    .optional()
    .describe('How long, 1m to 24h; then the configured mode comes back. Default: until it is taken back.'),
});

const modeAnswer = z.object({
  mode: modeSchema,
  configured: modeSchema.describe('The mode of the configuration.'),
  expires_at: z.string().optional().describe('When the configured mode comes back, ISO 8601.'),
});

const settingsAnswer = z.object({
  settings: z
    .record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()]))
    .readonly()
    .describe('Every setting that can be changed at run time, as it is now, by its path.'),
  overrides: overridesSchema,
  effective_rate: z
    .number()
    .describe('Share of logs traced now when no rule and nothing particular is known about them.'),
  notes: z.array(z.string()).readonly().describe('Changes that have no effect now, and why.'),
});

export function tracingControlRoutes(server: Server, { tracing }: { tracing: TracingApi }): void {
  const answerMode = () => {
    const { mode, overrides } = tracing.status();
    const override = overrides.mode;
    return {
      mode,
      configured: modeSchema.parse(override?.configured ?? mode),
      ...(override?.expires_at !== undefined && { expires_at: override.expires_at }),
    };
  };
  const modeSchemas = { tags: ['tracing'], response: { 200: modeAnswer, 400: problemSchema } };
  server.put(
    '/api/tracing/mode',
    {
      bodyLimit: BODY_BYTES,
      schema: {
        ...modeSchemas,
        summary: 'Changes the mode of tracing, for a while or until it is taken back.',
        description: 'It holds from the next batch on; batches under way are finished under the old mode.',
        body: modeRequest,
      },
    },
    async (request) => {
      const { mode, duration: durationMs } = request.body;
      const before = tracing.status().mode;
      tracing.setMode(mode, durationMs);
      const answer = answerMode();
      const { expires_at } = answer;
      request.audit({
        action: 'tracing.mode',
        target: 'mode',
        before,
        after: expires_at === undefined ? mode : { mode, expires_at },
      });
      return answer;
    },
  );

  server.delete(
    '/api/tracing/mode',
    { schema: { ...modeSchemas, summary: 'Goes back to the configured mode.' } },
    async (request) => {
      const before = tracing.status().mode;
      const had = tracing.clearMode();
      const answer = answerMode();
      if (had) request.audit({ action: 'tracing.mode', target: 'mode', before, after: answer.mode });
      return answer;
    },
  );

  const settingsSchemas = { tags: ['tracing'], response: { 200: settingsAnswer } };
  server.get(
    '/api/tracing/settings',
    {
      schema: {
        ...settingsSchemas,
        summary: 'Settings that can be changed at run time, and which of them were.',
      },
    },
    async () => answerSettings(tracing),
  );

  server.patch(
    '/api/tracing/settings',
    {
      bodyLimit: BODY_BYTES,
      schema: {
        ...settingsSchemas,
        summary: 'Changes rates and thresholds of tracing.',
        description:
          'Settings that are left out stay as they are; `null` takes one back to the configured value. All of a request holds or none.',
        body: tracing.settingsSchema,
        response: { ...settingsSchemas.response, 400: problemSchema },
      },
    },
    async (request, reply) => {
      const before = tracing.shownSettings();
      try {
        tracing.override(request.body);
      } catch (error) {
        if (!isOverrideRefusal(error)) throw error;
        const { field, message } = error;
        const said = { ...problem(400, `body.${field}: ${message}`, request.url) };
        return reply
          .code(400)
          .type(PROBLEM_TYPE)
          .send({ ...said, errors: [{ field: `body.${field}`, detail: message }] });
      }
      const answer = answerSettings(tracing);
      request.audit({ action: 'tracing.settings', target: 'settings', ...changed(before, answer.settings) });
      return answer;
    },
  );

  server.delete(
    '/api/tracing/settings',
    {
      schema: {
        ...settingsSchemas,
        summary: 'Takes every changed setting back to the configured value; the mode stays.',
      },
    },
    async (request) => {
      const before = tracing.shownSettings();
      const cleared = tracing.clearSettings();
      const answer = answerSettings(tracing);
      if (cleared.length > 0) {
        request.audit({
          action: 'tracing.settings',
          target: 'settings',
          ...changed(before, answer.settings),
        });
      }
      return answer;
    },
  );
}

type Settings = ReturnType<TracingApi['shownSettings']>;

function answerSettings(tracing: TracingApi): z.output<typeof settingsAnswer> {
  const { overrides, effective_rate, mode, sampler } = tracing.status();
  const { mode: _, ...settings } = tracing.shownSettings();
  const notes: string[] = [];
  const paths = Object.keys(overrides).filter((path) => path !== 'mode');
  if (paths.length > 0 && (mode === 'off' || mode === 'system-only')) {
    notes.push(`in mode ${mode} no log is traced: ${paths.join(', ')} will have an effect in others`);
  }
  if ('log_tracing_rate' in overrides && !['parent_based', 'traceidratio'].includes(sampler)) {
    notes.push(`log_tracing_rate has no effect: tracing.sampler.type is ${sampler}`);
  }
  return { settings, overrides, effective_rate, notes };
}

/** What is different, before and after. */
function changed(before: Settings, after: Settings): { before: object; after: object } {
  const paths = Object.keys(after).filter((path) => before[path] !== after[path]);
  const pick = (settings: Settings) => Object.fromEntries(paths.map((path) => [path, settings[path]]));
  return { before: pick(before), after: pick(after) };
}
