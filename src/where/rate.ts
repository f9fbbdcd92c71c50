/** How fast something goes, over the last seconds: two buckets, no timers. Of bytes read from a file. */

const BUCKET_MS = 5000;

export class Rate {
  #bucket = Number.NEGATIVE_INFINITY;
  #now = 0;
  #before = 0;

  /** `at`: monotonic milliseconds. */
  add(at: number, amount: number): void {
    this.#turn(at);
    this.#now += amount;
  }

  /** Per second; 0: nothing in the last seconds. */
  at(now: number): number {
    this.#turn(now);
    const elapsed = now - this.#bucket * BUCKET_MS + (this.#before > 0 ? BUCKET_MS : 0);
    return ((this.#now + this.#before) * 1000) / Math.max(elapsed, 1000);
  }

  #turn(at: number): void {
    const bucket = Math.floor(at / BUCKET_MS);
    if (bucket <= this.#bucket) return;
    this.#before = bucket === this.#bucket + 1 ? this.#now : 0;
    this.#now = 0;
    this.#bucket = bucket;
  }
}
