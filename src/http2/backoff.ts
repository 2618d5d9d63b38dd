import type { EngineClock } from './http2-client.ts'

const FIRST_MS = 1000
const LONGEST_MS = 30_000

/**
 * How long not to connect after connections that were of no use. One of them is an accident, and followed at once; then the
 * wait doubles, its upper half random, so that several relays do not come back in step.
 */
export class Backoff {
  readonly #clock: EngineClock
  #failures = 0
  #until = 0

  constructor(clock: EngineClock) {
    this.#clock = clock
  }

  failed(): void {
    this.#failures++
    if (this.#failures === 1) return
    const full = Math.min(FIRST_MS * 2 ** Math.min(this.#failures - 2, 10), LONGEST_MS)
    this.#until = this.#clock.monotonic() + full / 2 + (full / 2) * this.#clock.random()
  }

  succeeded(): void {
    this.#failures = 0
    this.#until = 0
  }

  /** 0 when a connection may be tried now. */
  leftMs(): number {
    return Math.max(0, this.#until - this.#clock.monotonic())
  }
}
