import type { Clock } from '../domain/clock.ts'
import type { DeliveryResult, Store } from '../store/store.ts'
import type { ActiveDelivery, Round } from './round.ts'

const RETRY_MS = 1000

export interface SettlerDependencies {
  store: Pick<Store, 'settle'>
  clock: Clock
}

/**
 * Writes what rounds did. While the store cannot commit, results stay in memory and are tried again: their places in the
 * window stay taken, so that memory stays bounded. A process that ends before then attempts them again, with the same ids.
 */
export class Settler {
  readonly #deps: SettlerDependencies
  readonly #onSettled: (round: Round) => void
  readonly #pending = new Set<Promise<void>>()
  #isStopping = false

  constructor(deps: SettlerDependencies, onSettled: (round: Round) => void) {
    this.#deps = deps
    this.#onSettled = onSettled
  }

  finish(delivery: ActiveDelivery, result: DeliveryResult): void {
    if (delivery.round.finish(result)) this.settle(delivery.round)
  }

  settle(round: Round): void {
    const writing = this.#write(round).finally(() => {
      this.#pending.delete(writing)
      this.#onSettled(round)
    })
    this.#pending.add(writing)
  }

  /** Tries what is pending once more at the most, and waits for it. */
  async stop(): Promise<void> {
    this.#isStopping = true
    await Promise.all(this.#pending)
  }

  async #write(round: Round): Promise<void> {
    const { message, kind, results } = round
    const settlement = { messageId: message.id, recipient: message.content.recipient, round: kind, results }
    for (;;) {
      try {
        // False means that another incarnation holds the lease: what it did stands.
        await this.#deps.store.settle({ ...settlement, at: this.#deps.clock.now() })
        return
      } catch {
        // The store reports its own trouble; here it only matters that nothing was written.
        if (this.#isStopping) return
        await new Promise<void>(resolve => this.#deps.clock.after(RETRY_MS, resolve))
      }
    }
  }
}
