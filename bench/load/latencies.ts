/** Milliseconds, of single posts. */
export class Latencies {
  readonly #all: number[] = []

  add(ms: number): void {
    this.#all.push(ms)
  }

  /** The least that a `share` of all did not exceed (nearest rank). */
  percentile(share: number): number {
    const sorted = Float64Array.from(this.#all).sort()
    return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN
  }
}
