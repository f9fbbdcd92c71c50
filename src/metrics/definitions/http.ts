/** The HTTP API itself. Values: src/http/request-counts.ts. */
import type { Definition } from './definition.ts';

export const httpMetrics = {
  log_capturer_http_requests_total: {
    type: 'counter',
    help: 'Requests to the API, by the class of their answer.',
    labels: ['code'],
  },
  log_capturer_http_failed_logins_total: {
    type: 'counter',
    help: 'Requests with a token that is not known.',
    labels: [],
  },
  log_capturer_http_requests_limited_total: {
    type: 'counter',
    help: 'Requests refused because the client sent more than `server.rate_limit`.',
    labels: [],
  },
  log_capturer_http_connections: {
    type: 'gauge',
    help: 'Connections to the API that are open.',
    labels: [],
  },
  log_capturer_http_connections_closed_total: {
    type: 'counter',
    help: 'Connections closed because there were more than `server.limits.connections`: idle ones, or new ones when none was idle.',
    labels: [],
  },
} as const satisfies Record<string, Definition>;
