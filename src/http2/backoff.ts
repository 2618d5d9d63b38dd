import type { EngineClock } from './http2-client.ts'
import type { Worth } from './track-record.ts'

const FIRST_MS = 1000
const LONGEST_MS = 30_000
/** After two connections in a row that did little, so far apart they begin at least: a server that says goodbye after every answer. */
const BRIEF_MS = 1000

/**
 * How long not to connect after connections that were of little or no use: to open and close many is taken for an attack
 * (Apple, "Establishing a connection to APNs"). One failure is an accident, and followed at once; then the wait doubles, its
 * upper half random, so that several relays do not come back in step.
 */
export class Backoff {
  readonly #clock: EngineClock
  #failures = 0
  #briefs = 0
  #until = 0

  constructor(clock: EngineClock) {
    this.#clock = clock
  }

  /** A connection has ended, or could not be made. */
  ended(worth: Worth, openedAt: number): void {
    if (worth === 'useful') this.#useful()
    else if (worth === 'brief') this.#brief(openedAt)
    else this.#failed()
  }

  /** 0 when a connection may be tried now. */
  leftMs(): number {
    return Math.max(0, this.#until - this.#clock.monotonic())
  }

  #useful(): void {
    this.#failures = 0
    this.#briefs = 0
    this.#until = 0
  }

  #brief(openedAt: number): void {
    this.#failures = 0
    this.#briefs++
    if (this.#briefs > 1) this.#until = openedAt + BRIEF_MS
  }

  #failed(): void {
    this.#failures++
    if (this.#failures === 1) return
    const full = Math.min(FIRST_MS * 2 ** Math.min(this.#failures - 2, 10), LONGEST_MS)
    this.#until = this.#clock.monotonic() + full / 2 + (full / 2) * this.#clock.random()
  }
}
