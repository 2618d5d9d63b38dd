import { ConnectionError } from './errors.ts'

/** Frames that ask for work and bring nothing: so many within the period are an attack. */
const MOST = 1000
const PERIOD_MS = 10_000
/** Control frames that a request may bring about: window updates, settings, resets. */
const EARNED_BY_REQUEST = 8

/**
 * Counts frames that cost work and carry no response: SETTINGS, PING, WINDOW_UPDATE, PRIORITY, empty frames, unknown ones
 * (RFC 9113 §10.5). So many are allowed in a period, and a few more for each request that was sent.
 */
export class FloodGuard {
  readonly #now: () => number
  #count = 0
  #since: number

  constructor(now: () => number) {
    this.#now = now
    this.#since = now()
  }

  requestSent(): void {
    this.#count = Math.max(-MOST, this.#count - EARNED_BY_REQUEST)
  }

  /** Throws ENHANCE_YOUR_CALM. */
  count(weight = 1): void {
    this.#count += weight
    if (this.#count <= MOST) return
    const now = this.#now()
    if (now - this.#since < PERIOD_MS)
      throw new ConnectionError('ENHANCE_YOUR_CALM', 'RFC 9113 §10.5', 'flood of frames that carry nothing')
    this.#since = now
    this.#count = weight
  }
}
