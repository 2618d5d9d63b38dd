import type { Clock } from '../../domain/clock.ts'
import type { StoreHealth, UnavailableReason } from '../store-unavailable.ts'
import { StoreUnavailableError } from '../store-unavailable.ts'
import type { StoreEvents } from './store-events.ts'

const PROBE_MS = 1000

/**
 * Whether a commit could succeed now. After a failure it is found out with a small write every second, so that recovery
 * needs no traffic. A corrupt file stays unavailable until the next start: it must not take messages that it may lose.
 */
export class Availability {
  readonly #clock: Clock
  readonly #events: StoreEvents
  readonly #probe: () => Promise<void>
  #failure: UnavailableReason | undefined
  #isSpaceLow = false
  #announced: UnavailableReason | undefined
  #cancelProbe: () => void = () => {}
  #isClosed = false
  /** One is under way, or to come. */
  #isProbing = false

  constructor(options: { clock: Clock; events: StoreEvents; probe: () => Promise<void> }) {
    this.#clock = options.clock
    this.#events = options.events
    this.#probe = options.probe
  }

  health(): StoreHealth {
    const reason = this.#isClosed ? 'closed' : this.#reason()
    return reason === undefined ? { writable: true } : { writable: false, reason }
  }

  /** Throws when new messages must not be taken. */
  assertRoom(): void {
    if (this.#isSpaceLow) throw new StoreUnavailableError('disk-full')
  }

  /** Throws when nothing may be written any more. */
  assertSound(): void {
    if (this.#failure === 'corrupt') throw new StoreUnavailableError('corrupt')
  }

  committed(): void {
    if (this.#failure === 'corrupt' || this.#failure === undefined) return
    this.#failure = undefined
    // Also while space is low: nothing can be accepted then, but what was accepted can go on.
    this.#announced = undefined
    this.#events.emit('store.recovered', {})
    this.#announce()
  }

  failed(reason: UnavailableReason): void {
    if (this.#failure === 'corrupt') return
    this.#failure = reason
    this.#announce()
    this.#probeLater()
  }

  setSpaceLow(isLow: boolean): void {
    this.#isSpaceLow = isLow
    this.#announce()
  }

  close(): void {
    this.#isClosed = true
    this.#cancelProbe()
  }

  #reason(): UnavailableReason | undefined {
    return this.#failure ?? (this.#isSpaceLow ? 'disk-full' : undefined)
  }

  #announce(): void {
    const reason = this.#reason()
    if (reason === this.#announced) return
    this.#announced = reason
    if (reason === undefined) this.#events.emit('store.recovered', {})
    else this.#events.emit('store.unavailable', { reason })
  }

  /** No failure puts off the one that is to come: under load there is always another. */
  #probeLater(): void {
    if (this.#isProbing || this.#isClosed || this.#failure === 'corrupt') return
    this.#isProbing = true
    this.#cancelProbe = this.#clock.after(PROBE_MS, () => void this.#runProbe())
  }

  async #runProbe(): Promise<void> {
    await this.#probe().catch(() => undefined)
    this.#isProbing = false
    if (this.#failure !== undefined) this.#probeLater()
  }
}
