import type { Collector } from './samples.ts';

const RESULTS = ['applied', 'unchanged', 'refused'] as const;

/** Turns how reloads of the configuration went into metrics at a scrape; keeps nothing. */
export const configMetrics: Collector = {
  collect(samples, { config: { reloads, last_reload, loaded_at } }) {
    for (const result of RESULTS) {
      samples.set('log_capturer_config_reloads_total', reloads[result], { result });
    }
    samples.set('log_capturer_config_last_reload_success', last_reload?.result === 'refused' ? 0 : 1);
    samples.set('log_capturer_config_last_reload_success_timestamp_seconds', Date.parse(loaded_at) / 1000);
    const waiting = last_reload?.changes.filter(({ action }) => action === 'restart_required').length ?? 0;
    samples.set('log_capturer_config_restart_required', waiting);
  },
};
