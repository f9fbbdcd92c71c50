/**
 * Counts of the API's requests, for metrics. Filled by the hooks of the server; made by the agent, which hands it to the
 * server and to the exposition.
 */
import type { Collector, Samples } from '../metrics/samples.ts';

export class RequestCounts implements Collector {
  /** Requests with a token that is not known, and requests over a client's rate, since the start. */
  failedLogins = 0;
  limited = 0;
  /** Connections closed to make room for others, or because there was no room. */
  closedConnections = 0;
  /** Connections open now. */
  openConnections = 0;
  readonly #answers = { '1xx': 0, '2xx': 0, '3xx': 0, '4xx': 0, '5xx': 0, aborted: 0 };

  /** Answers by the class of their status. `aborted`: the client left before there was one. */
  get answers(): Readonly<Record<string, number>> {
    return { ...this.#answers };
  }

  /** @param status of the answer; undefined when the client left before there was one. */
  answered(status: number | undefined): void {
    const code = status === undefined ? 'aborted' : `${Math.floor(status / 100)}xx`;
    const answers: Record<string, number> = this.#answers;
    answers[code] = (answers[code] ?? 0) + 1;
  }

  collect(samples: Samples): void {
    for (const [code, count] of Object.entries(this.#answers)) {
      samples.set('log_capturer_http_requests_total', count, { code });
    }
    samples.set('log_capturer_http_failed_logins_total', this.failedLogins);
    samples.set('log_capturer_http_requests_limited_total', this.limited);
    samples.set('log_capturer_http_connections', this.openConnections);
    samples.set('log_capturer_http_connections_closed_total', this.closedConnections);
  }
}
