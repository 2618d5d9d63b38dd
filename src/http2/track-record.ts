/** `useful`: it did much, or lived long; `brief`: it did a little, and left nothing undone; `failed`: neither. */
export type Worth = 'useful' | 'brief' | 'failed'

const USEFUL_REQUESTS = 50
/** Requests in a row without an answer after which new ones take another connection. */
const MAX_TIMEOUTS = 3

/** What a connection has been good for. */
export class TrackRecord {
  #answers = 0
  /** Requests that timed out since the last answer. */
  #timeouts = 0
  /** Streams that the peer has taken, by its own word. */
  #taken = 0
  #isGraceful = false

  get answers(): number {
    return this.#answers
  }

  answered(): void {
    this.#answers++
    this.#timeouts = 0
  }

  timedOut(): void {
    this.#timeouts++
  }

  /** A path or a peer that died silently: one more request would only wait as long again. */
  get isSilent(): boolean {
    return this.#timeouts >= MAX_TIMEOUTS
  }

  /** The peer says goodbye. */
  leaving(taken: number, isGraceful: boolean): void {
    this.#taken = taken
    this.#isGraceful = isGraceful
  }

  /** What it was worth to connect; `underWay`: requests that its end leaves without an answer. */
  worth(isOld: boolean, underWay: number): Worth {
    const done = Math.max(this.#answers, this.#taken)
    if (done >= USEFUL_REQUESTS || (done > 0 && isOld)) return 'useful'
    return done > 0 && (this.#isGraceful || underWay === 0) ? 'brief' : 'failed'
  }
}
