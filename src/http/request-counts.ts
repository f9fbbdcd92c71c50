/**
 * Counts of the API's requests, for metrics. Filled by the hooks of the server; made by the agent, which hands it to the
 * server and to the exposition.
 */
import type { Collector, Samples } from '../metrics/samples.ts';

/** First digit of a status: the label `code` says `2xx`. */
const CLASSES = [1, 2, 3, 4, 5] as const;

export class RequestCounts implements Collector {
  /** Requests with a token that is not known, and requests over a client's rate, since the start. */
  failedLogins = 0;
  limited = 0;
  /** Connections closed to make room for others, or because there was no room. */
  closedConnections = 0;
  /** Connections open now. */
  openConnections = 0;
  readonly #answers = new Map<number, number>(CLASSES.map((each) => [each, 0]));
  #aborted = 0;

  /** @param status of the answer; undefined when the client left before there was one. */
  answered(status: number | undefined): void {
    const kind = Math.floor((status ?? 0) / 100);
    const count = this.#answers.get(kind);
    if (count === undefined) this.#aborted++;
    else this.#answers.set(kind, count + 1);
  }

  collect(samples: Samples): void {
    for (const [kind, count] of this.#answers) {
      samples.set('log_capturer_http_requests_total', count, { code: `${kind}xx` });
    }
    samples.set('log_capturer_http_requests_total', this.#aborted, { code: 'aborted' });
    samples.set('log_capturer_http_failed_logins_total', this.failedLogins);
    samples.set('log_capturer_http_requests_limited_total', this.limited);
    samples.set('log_capturer_http_connections', this.openConnections);
    samples.set('log_capturer_http_connections_closed_total', this.closedConnections);
  }
}
