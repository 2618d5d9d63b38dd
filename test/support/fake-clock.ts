import type { Clock } from '../../src/domain/clock.ts'

interface Timer {
  at: number
  callback: () => void
}

/** Time that stands still until a test moves it; randomness that a test chooses. */
export class FakeClock implements Clock {
  #now: number
  readonly #timers = new Set<Timer>()
  randomValue = 0.5

  constructor(now = Date.UTC(2026, 0, 15, 12)) {
    this.#now = now
  }

  now = (): number => this.#now
  monotonic = (): number => this.#now
  random = (): number => this.randomValue

  after = (delayMs: number, callback: () => void): (() => void) => {
    const timer = { at: this.#now + Math.max(0, delayMs), callback }
    this.#timers.add(timer)
    return () => this.#timers.delete(timer)
  }

  /** Moves time, running what is due on the way in order. */
  advance(ms: number): void {
    const target = this.#now + ms
    for (let next = this.#next(target); next; next = this.#next(target)) {
      this.#timers.delete(next)
      this.#now = Math.max(this.#now, next.at)
      next.callback()
    }
    this.#now = target
  }

  pendingTimers(): number {
    return this.#timers.size
  }

  #next(target: number): Timer | undefined {
    const due = [...this.#timers].filter(({ at }) => at <= target)
    return due.toSorted((a, b) => a.at - b.at)[0]
  }
}
