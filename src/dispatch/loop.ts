import type { Clock } from '../domain/clock.ts'
import { StoreUnavailableError } from '../store/store-unavailable.ts'
import type { Events } from '../telemetry/events.ts'

/** After a turn that failed: long enough not to spin, short enough to recover unseen. */
const AFTER_FAILURE_MS = 1000

export interface LoopDependencies {
  clock: Clock
  events: Events
}

/**
 * The skeleton of every background loop: a turn takes as much as there is room for and answers how long to sleep (ms);
 * `wake` cuts the sleep short. Turns never overlap. A turn that throws is reported and tried again; a store that
 * is away is reported once, when it begins.
 */
export class Loop {
  readonly #name: string
  readonly #turn: () => Promise<number>
  readonly #deps: LoopDependencies
  #running: Promise<void> | undefined
  #isStopping = false
  #isWoken = false
  #isStoreAway = false
  #endSleep: (() => void) | undefined

  constructor(name: string, turn: () => Promise<number>, deps: LoopDependencies) {
    this.#name = name
    this.#turn = turn
    this.#deps = deps
  }

  start(): void {
    this.#running ??= this.#run()
  }

  wake(): void {
    this.#isWoken = true
    this.#endSleep?.()
  }

  /** Resolves when the turn under way is over; no other begins. */
  async stop(): Promise<void> {
    this.#isStopping = true
    this.wake()
    await this.#running
  }

  async #run(): Promise<void> {
    while (!this.#isStopping) {
      this.#isWoken = false
      const sleepMs = await this.#take()
      if (sleepMs > 0) await this.#sleep(sleepMs)
    }
  }

  async #take(): Promise<number> {
    try {
      const sleepMs = await this.#turn()
      this.#isStoreAway = false
      return sleepMs
    } catch (error) {
      const isStoreAway = error instanceof StoreUnavailableError
      if (!isStoreAway || !this.#isStoreAway) {
        this.#deps.events.emit('loop.failed', { loop: this.#name, error })
      }
      this.#isStoreAway = isStoreAway
      return AFTER_FAILURE_MS
    }
  }

  #sleep(ms: number): Promise<void> {
    if (this.#isWoken) return Promise.resolve()
    return new Promise(resolve => {
      const cancel = this.#deps.clock.after(ms, () => this.#endSleep?.())
      this.#endSleep = () => {
        this.#endSleep = undefined
        cancel()
        resolve()
      }
    })
  }
}
