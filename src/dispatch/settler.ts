import type { Clock } from '../domain/clock.ts'
import type { MessageState } from '../domain/offline-message.ts'
import type { DeliveryResult, Store } from '../store/store.ts'
import { StoreUnavailableError } from '../store/store-unavailable.ts'
import type { Events } from '../telemetry/events.ts'
import type { ActiveDelivery, Round } from './round.ts'

const RETRY_MS = 1000
const MAX_BUGS = 5

export interface SettlerDependencies {
  store: Pick<Store, 'settle'>
  clock: Clock
  events: Events
}

/**
 * Writes what rounds did. While the store cannot commit, results stay in memory and are tried again: their places in the
 * window stay taken, so that memory stays bounded. A process that ends before then attempts them again, with the same ids.
 */
export class Settler {
  readonly #deps: SettlerDependencies
  readonly #onSettled: (round: Round, state: MessageState | undefined) => void
  readonly #pending = new Set<Promise<void>>()
  #isStopping = false

  constructor(deps: SettlerDependencies, onSettled: (round: Round, state: MessageState | undefined) => void) {
    this.#deps = deps
    this.#onSettled = onSettled
  }

  finish(delivery: ActiveDelivery, result: DeliveryResult): void {
    if (delivery.round.finish(result)) this.settle(delivery.round)
  }

  settle(round: Round): void {
    const writing = this.#write(round).then(state => {
      this.#pending.delete(writing)
      this.#onSettled(round, state)
    })
    this.#pending.add(writing)
  }

  /** Tries what is pending once more at the most, and waits for it. */
  async stop(): Promise<void> {
    this.#isStopping = true
    await Promise.all(this.#pending)
  }

  /** Undefined when nothing was written: another incarnation holds the lease, or the process stops. */
  async #write(round: Round): Promise<MessageState | undefined> {
    const { message, kind, results } = round
    const settlement = { messageId: message.id, recipient: message.content.recipient, round: kind, results }
    for (let bugs = 0; bugs < MAX_BUGS; ) {
      try {
        return await this.#deps.store.settle({ ...settlement, at: this.#deps.clock.now() })
      } catch (error) {
        if (this.#isStopping) return undefined
        // The store tells its own trouble; anything else is a bug, which waiting may not mend.
        if (!(error instanceof StoreUnavailableError)) {
          bugs++
          this.#deps.events.emit('loop.failed', { loop: 'settle', error })
        }
        await new Promise<void>(resolve => this.#deps.clock.after(RETRY_MS, resolve))
      }
    }
    // The row keeps its lease: the next start tries again.
    return undefined
  }
}
