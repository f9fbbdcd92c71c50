/** The configuration, and how reloads of it went. */
import type { Definition } from './definition.ts';

export const configMetrics = {
  log_capturer_config_reloads_total: {
    type: 'counter',
    help: 'Times the configuration was read again: by SIGHUP, through the API, or because its file changed.',
    labels: ['result'],
  },
  log_capturer_config_last_reload_success: {
    type: 'gauge',
    help: '0 when the last reload was refused, so that the agent runs something else than its file says; 1 otherwise.',
    labels: [],
  },
  log_capturer_config_last_reload_success_timestamp_seconds: {
    type: 'gauge',
    help: 'When the configuration was last read and not refused, in seconds since 1970.',
    labels: [],
  },
  log_capturer_config_restart_required: {
    type: 'gauge',
    help: 'Keys of the file, as last read, whose values take effect only when the agent is started anew.',
    labels: [],
  },
} as const satisfies Record<string, Definition>;
