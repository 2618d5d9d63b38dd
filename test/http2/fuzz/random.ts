/** Chance that comes again: the same seed, the same sequence (a linear congruential generator, its high bits). */
export class Random {
  #state: number

  constructor(seed: number) {
    this.#state = seed >>> 0
    for (let at = 0; at < 4; at++) this.#step()
  }

  /** A whole number from 0 to `count` - 1. */
  below(count: number): number {
    return Math.floor((this.#step() / 2 ** 32) * count)
  }

  chance(probability: number): boolean {
    return this.#step() / 2 ** 32 < probability
  }

  pick<Item>(items: readonly Item[]): Item {
    return items[this.below(items.length)]!
  }

  bytes(length: number): Buffer {
    return Buffer.from(Array.from({ length }, () => this.below(256)))
  }

  #step(): number {
    this.#state = (Math.imul(this.#state, 1664525) + 1013904223) >>> 0
    // The low bits of such a generator have short periods.
    return (this.#state ^ (this.#state >>> 15)) >>> 0
  }
}
