import { ConnectionError } from './errors.ts'

/** Frames that ask for work and bring nothing: so many within the period are an attack. */
const MOST = 1000
const PERIOD_MS = 10_000
/** Control frames that one of ours may bring about: window updates for it, of its stream and of the connection. */
const EARNED_BY_FRAME = 4
const MOST_EARNED = 10_000

/**
 * Counts frames that cost work and carry no response: SETTINGS, PING, WINDOW_UPDATE, PRIORITY, empty frames, unknown ones
 * (RFC 9113 §10.5). So many are allowed in a period, and a few more for each frame of a request.
 */
export class FloodGuard {
  readonly #now: () => number
  #count = 0
  #since: number

  constructor(now: () => number) {
    this.#now = now
    this.#since = now()
  }

  /** We have sent HEADERS or DATA. */
  sent(): void {
    this.#count = Math.max(-MOST_EARNED, this.#count - EARNED_BY_FRAME)
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
