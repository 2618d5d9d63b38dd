/** What one process keeps in memory at once: about 20 MB of messages at their usual size, 64 MiB of texts at the most. */
export const WINDOW_DELIVERIES = 10_000
const WINDOW_BYTES = 64 * 1024 * 1024
/** What lanes may hold together, of deliveries and of bytes; the rest is for what is on its way into a lane or out of one. */
const LANES_SHARE = 0.75
/** Up to here new messages come in; the last tenth is for what waited. */
const NEW_SHARE = 0.9
/**
 * A provider may hold so many times what is left free, and a lane so many times what is left to its provider: whoever comes
 * later finds room, however many others are full (dynamic thresholds, A. Choudhury and E. Hahne, IEEE/ACM Transactions on
 * Networking 6(2), 1998).
 */
const GREED = 4
/** Always left to a provider that holds nothing. */
const LEAST_ROOM = 64

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

  /** How many more may be held by who holds `held`, so that there is room left for others. */
  roomFor(held: number): number {
    const free = this.#bytes >= WINDOW_BYTES * LANES_SHARE ? 0 : this.#limit * LANES_SHARE - this.#deliveries
    const least = Math.min(LEAST_ROOM, Math.ceil(this.#limit * (1 - LANES_SHARE)))
    return Math.max(fairRoom(free, held), least - held, 0)
  }

  /** For new messages: takes the places only if all of them are free. */
  reserve(deliveries: number, bytes: number): boolean {
    const most = Math.ceil(this.#limit * NEW_SHARE)
    if (this.#deliveries + deliveries > most || this.#bytes + bytes > WINDOW_BYTES) return false
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

/** What the lanes of one provider hold: a provider that hangs, in one scope or in a thousand, starves no other. */
export class ProviderShare {
  readonly #window: Window
  #held = 0

  constructor(window: Window) {
    this.#window = window
  }

  /** How many more a lane may hold that holds `held`. */
  roomFor(held: number): number {
    const room = this.#window.roomFor(this.#held)
    return Math.max(fairRoom(room, held), Math.min(1 - held, room), 0)
  }

  add(deliveries: number): void {
    this.#held += deliveries
  }
}

/** The largest `room` with which `held + room` is at most GREED times what is then still free. */
function fairRoom(free: number, held: number): number {
  return Math.floor((GREED * free - held) / (1 + GREED))
}
