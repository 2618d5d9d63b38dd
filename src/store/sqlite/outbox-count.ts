import type { Clock } from '../../domain/clock.ts'

/** Up to here a count takes a few milliseconds, and is made whenever it is asked for. */
const ALWAYS_COUNTED = 100_000
/** A longer one is used for so many times what it took: counting has a hundredth of the reader's time at the most. */
const USES = 100

/**
 * How many messages are pending. SQLite has to step over each of them, and whoever else reads waits meanwhile. To keep the
 * number would cost every message; an operator with a backlog of a million can do with one that is a few seconds old.
 */
export class OutboxCount {
  readonly #clock: Pick<Clock, 'monotonic'>
  #latest = 0
  #isGoodUntil = Number.NEGATIVE_INFINITY

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock
  }

  of(count: () => number): number {
    const begunAt = this.#clock.monotonic()
    if (begunAt < this.#isGoodUntil) return this.#latest
    this.#latest = count()
    const endedAt = this.#clock.monotonic()
    if (this.#latest > ALWAYS_COUNTED) this.#isGoodUntil = endedAt + (endedAt - begunAt) * USES
    return this.#latest
  }
}
