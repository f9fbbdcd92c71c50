/**
 * A small seeded generator of random numbers, so that demo traffic and benchmark corpora are the same for the same
 * seed. Not for secrets. Called by the line generators beside it.
 */
export class Random {
  #state: number;

  /** Any 32-bit seed; equal seeds give equal sequences. */
  constructor(seed: number) {
    // The state must not be 0: xorshift would stay there.
    this.#state = (Math.imul(seed | 0, 0x9e3779b1) ^ 0x6a09e667) | 0 || 1;
  }

  /** 32 random bits, never 0: xorshift32 (G. Marsaglia, "Xorshift RNGs", Journal of Statistical Software 8, 2003). */
  bits(): number {
    let state = this.#state;
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    this.#state = state;
    return state >>> 0;
  }

  /** A number in [0, 1). */
  fraction(): number {
    return this.bits() / 2 ** 32;
  }

  /** A whole number in [from, to]. */
  integer(from: number, to: number): number {
    return from + Math.floor(this.fraction() * (to - from + 1));
  }

  /** True with the given probability. */
  chance(probability: number): boolean {
    return this.fraction() < probability;
  }

  /** One of the items, each as likely as the others. */
  pick<T>(items: readonly T[]): T {
    return items[Math.floor(this.fraction() * items.length)]!;
  }

  /** One of the items, early ones far more often, as popular pages are: the index is skewed by the third power. */
  pickSkewed<T>(items: readonly T[]): T {
    return items[Math.floor(this.fraction() ** 3 * items.length)]!;
  }

  /** A whole number from 1 up, mostly small with a long tail, as response times and sizes are; `middle` is its median. */
  longTailed(middle: number): number {
    const spread = this.fraction() + this.fraction() + this.fraction() - 1.5;
    return Math.max(1, Math.round(middle * 8 ** spread));
  }

  /** Lower-case hexadecimal digits, a multiple of eight of them. */
  hex(digits: number): string {
    let text = '';
    while (text.length < digits) text += this.bits().toString(16).padStart(8, '0');
    return text;
  }
}
