/** What one process keeps in memory at once: about 20 MB of messages at their usual size, 64 MiB of texts at the most. */
export const WINDOW_DELIVERIES = 10_000
const WINDOW_BYTES = 64 * 1024 * 1024
/** One lane, or a burst of new messages, leaves the rest to the other lanes: a provider that hangs starves nobody. */
const SHARE = 0.75

/** Counts what is in memory, so that it stays bounded whatever arrives. What does not fit waits in the outbox. */
export class Window {
  readonly #limit: number
  #deliveries = 0
  #bytes = 0

  constructor(limit = WINDOW_DELIVERIES) {
    this.#limit = limit
  }

  /** Free places for deliveries. */
  room(): number {
    return this.#bytes >= WINDOW_BYTES ? 0 : Math.max(0, this.#limit - this.#deliveries)
  }

  /** A message takes one place before it is known how many devices it is for; what is beyond the bound waits on disk. */
  isOverfull(): boolean {
    return this.#deliveries > this.#limit
  }

  /** Plenty of room again: worth fetching what waits in the outbox. */
  isRoomy(): boolean {
    return this.room() >= this.#limit / 2
  }

  deliveries(): number {
    return this.#deliveries
  }

  /** What one lane may take of it. */
  laneLimit(): number {
    return Math.ceil(this.#limit * SHARE)
  }

  /** For new messages: takes the places only if all of them are free. */
  reserve(deliveries: number, bytes: number): boolean {
    if (this.#deliveries + deliveries > this.laneLimit() || this.#bytes + bytes > WINDOW_BYTES) return false
    this.add(deliveries, bytes)
    return true
  }

  add(deliveries: number, bytes: number): void {
    this.#deliveries += deliveries
    this.#bytes += bytes
  }

  release(deliveries: number, bytes: number): void {
    this.add(-deliveries, -bytes)
  }
}
