import type { Exchange } from './exchange.ts'
import type { EngineClock } from './http2-client.ts'
import type { Streams } from './streams.ts'

/** One timer for all streams of a connection: they have the same limit, so the oldest is always the next one due. */
export class Deadline {
  readonly #clock: EngineClock
  readonly #streams: Streams
  readonly #limitMs: number
  readonly #onOverdue: (exchange: Exchange) => void
  #cancel: (() => void) | undefined

  constructor(
    clock: EngineClock,
    streams: Streams,
    limitMs: number,
    onOverdue: (exchange: Exchange) => void,
  ) {
    this.#clock = clock
    this.#streams = streams
    this.#limitMs = limitMs
    this.#onOverdue = onOverdue
  }

  /** To be called when a stream has been opened. */
  arm(): void {
    this.#cancel ??= this.#clock.after(this.#limitMs, () => this.#look())
  }

  stop(): void {
    this.#cancel?.()
    this.#cancel = undefined
  }

  #look(): void {
    this.#cancel = undefined
    const now = this.#clock.monotonic()
    for (let oldest = this.#streams.oldest(); oldest; oldest = this.#streams.oldest()) {
      const leftMs = oldest.openedAt + this.#limitMs - now
      if (leftMs > 0) {
        // Whoever was told of a timeout may have sent the next request, and armed it.
        this.stop()
        this.#cancel = this.#clock.after(leftMs, () => this.#look())
        return
      }
      this.#onOverdue(oldest)
    }
  }
}
