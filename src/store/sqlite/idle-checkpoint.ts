import type { Clock } from '../../domain/clock.ts'

const IDLE_MS = 1000

/** Cuts the log a second after the last write, so that erased text does not stay in it. */
export class IdleCheckpoint {
  readonly #clock: Clock
  readonly #run: () => Promise<boolean>
  #cancel: () => void = () => {}
  #isStopped = false

  /** `run` is false while a reader needs the log. */
  constructor(clock: Clock, run: () => Promise<boolean>) {
    this.#clock = clock
    this.#run = run
  }

  written(): void {
    this.#cancel()
    if (this.#isStopped) return
    this.#cancel = this.#clock.after(IDLE_MS, () => void this.#attempt())
  }

  stop(): void {
    this.#isStopped = true
    this.#cancel()
  }

  async #attempt(): Promise<void> {
    const isCut = await this.#run().catch(() => false)
    if (!isCut) this.written()
  }
}
