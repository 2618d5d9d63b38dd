import type { Clock } from '../../domain/clock.ts'

const IDLE_MS = 1000
const LONGEST_MS = 10_000

/** Cuts the log a second after the last write, or ten after the first, so that erased text does not stay in it. */
export class IdleCheckpoint {
  readonly #clock: Clock
  readonly #run: () => Promise<boolean>
  #cancel: () => void = () => {}
  /** When the first write came that may still be in the log. */
  #since: number | undefined
  #isStopped = false

  /** `run` is false while a reader needs the log. */
  constructor(clock: Clock, run: () => Promise<boolean>) {
    this.#clock = clock
    this.#run = run
  }

  written(): void {
    this.#cancel()
    if (this.#isStopped) return
    const now = this.#clock.monotonic()
    this.#since ??= now
    const delayMs = Math.max(0, Math.min(IDLE_MS, this.#since + LONGEST_MS - now))
    this.#cancel = this.#clock.after(delayMs, () => void this.#attempt())
  }

  stop(): void {
    this.#isStopped = true
    this.#cancel()
  }

  async #attempt(): Promise<void> {
    this.#since = undefined
    const isCut = await this.#run().catch(() => false)
    if (!isCut) this.written()
  }
}
