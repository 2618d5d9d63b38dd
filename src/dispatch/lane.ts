import type { Provider } from '../providers/provider.ts'
import type { ActiveDelivery } from './round.ts'
import type { ProviderShare } from './window.ts'

/**
 * New messages that join a backlog keep it alive while they are on their way to the store. After so many claims that found
 * less than they asked for, order within one commit is given up for getting back to the short way.
 */
const SHORT_CLAIMS = 3

/**
 * The deliveries in memory of what pauses together. Bounded, so that one slow provider cannot fill the window and starve
 * the others: what does not fit waits in the store, and what comes later joins its end.
 */
export class Lane {
  /** The narrowest scope; also the name under which its deliveries wait in the store. */
  readonly name: string
  /** Widest first, `name` last. */
  readonly scopes: readonly [string, ...string[]]
  readonly provider: Provider
  #hasBacklog = false
  /** Deliveries on their way to the store, and how many have ever gone there. */
  #parking = 0
  #parked = 0
  #shortClaims = 0
  readonly #share: ProviderShare
  #queue: (ActiveDelivery | undefined)[] = []
  #head = 0
  #inFlight = 0

  constructor(scopes: readonly [string, ...string[]], provider: Provider, share: ProviderShare) {
    this.name = scopes.at(-1) ?? ''
    this.scopes = scopes
    this.provider = provider
    this.#share = share
  }

  /** Free places in memory. */
  room(): number {
    return this.#share.roomFor(this.#held())
  }

  /** Deliveries wait in the store that are due: new ones join their end, so that order is kept. */
  get hasBacklog(): boolean {
    return this.#hasBacklog
  }

  /** One more goes to the store, to wait there; `endParking` once it has arrived. */
  startParking(isDue: boolean): void {
    this.#hasBacklog ||= isDue
    this.#parking++
    this.#parked++
  }

  endParking(): void {
    this.#parking--
  }

  /** Deliveries may wait in the store of which this process does not know. */
  expectBacklog(): void {
    this.#hasBacklog = true
  }

  /** To be called before the store is asked what waits; the answer says whether that was all. */
  checkBacklog(): (isAll: boolean) => void {
    const [parking, parked] = [this.#parking, this.#parked]
    return isAll => {
      this.#shortClaims = isAll ? this.#shortClaims + 1 : 0
      const isCertain = parking === 0 && parked === this.#parked
      if (isAll && (isCertain || this.#shortClaims >= SHORT_CLAIMS)) this.#hasBacklog = false
    }
  }

  /** To be called before the store is asked which lanes have something that waits; the answer is for one that has nothing. */
  checkStore(): () => void {
    const [parking, parked] = [this.#parking, this.#parked]
    return () => {
      if (parking === 0 && parked === this.#parked) this.#hasBacklog = false
    }
  }

  /** At least as much is free as is taken: worth fetching what waits in the store. */
  isRoomy(): boolean {
    return this.room() > this.#held()
  }

  push(delivery: ActiveDelivery): void {
    this.#queue.push(delivery)
    this.#share.add(1)
  }

  isEmpty(): boolean {
    return this.#head === this.#queue.length
  }

  /** The next delivery, counted as in flight. */
  begin(): ActiveDelivery | undefined {
    const delivery = this.#queue[this.#head]
    if (!delivery) return undefined
    // Emptied at once: what was attempted would stay in memory, text and all, until the queue is compacted.
    this.#queue[this.#head] = undefined
    this.#head++
    if (this.#head > 1000 && this.#head * 2 > this.#queue.length) this.#compact()
    this.#inFlight++
    return delivery
  }

  /** A probe is in flight, beside the queue. */
  beginProbe(): void {
    this.#inFlight++
    this.#share.add(1)
  }

  end(): void {
    this.#inFlight--
    this.#share.add(-1)
  }

  /** Empties the queue; what is in flight stays. */
  takeAll(): ActiveDelivery[] {
    const all = this.#queue.slice(this.#head)
    this.#queue = []
    this.#head = 0
    this.#share.add(-all.length)
    return all.filter(delivery => delivery !== undefined)
  }

  /** Nothing of it is in memory, nor known to wait: it can be forgotten, and made anew. */
  isIdle(): boolean {
    return this.#held() === 0 && this.#parking === 0 && !this.#hasBacklog
  }

  inFlight(): number {
    return this.#inFlight
  }

  #held(): number {
    return this.#queue.length - this.#head + this.#inFlight
  }

  // A shift() per delivery would move the whole array each time.
  #compact(): void {
    this.#queue = this.#queue.slice(this.#head)
    this.#head = 0
  }
}
