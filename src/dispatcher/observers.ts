import type { Logger } from '../component/logger.ts';
import type { Observer } from '../component/observer.ts';

/** Those who watch the pipeline. One that throws is logged, and neither the pipeline nor another one suffers. */
export class Observers {
  readonly #observers: readonly Observer[];
  readonly #log: Logger;

  constructor(observers: readonly Observer[], log: Logger) {
    this.#observers = observers;
    this.#log = log;
  }

  notify(tell: (observer: Observer) => void): void {
    for (const observer of this.#observers) {
      try {
        tell(observer);
      } catch (error) {
        this.#log.error({ err: error }, 'an observer of the pipeline failed');
      }
    }
  }
}
