import { Fifo } from '../shared/fifo.ts'

interface Seen {
  key: string
  id: string
  at: number
}

// One that is new and one that is late: the window shrinks as fast as it grew, and a clock that for a moment is hours
// ahead empties only as much of it as there are messages in that moment.
const EVICTED_PER_MESSAGE = 2

/**
 * The keys of recent messages, bounded by age and count. Lives beside the connection that writes, so that looking up and
 * remembering are one step with the transaction: what was remembered in a transaction that failed is forgotten with it.
 */
export class DedupeWindow {
  readonly #windowMs: number
  readonly #maxEntries: number
  readonly #seen = new Map<string, Seen>()
  readonly #order = new Fifo<Seen>()
  #uncommitted: Seen[] = []

  constructor(windowMs: number, maxEntries: number) {
    this.#windowMs = windowMs
    this.#maxEntries = maxEntries
  }

  /** The id of the message with this key that is less than the window older than `at`. */
  find(key: string, at: number): string | undefined {
    const seen = this.#seen.get(key)
    return seen !== undefined && at - seen.at < this.#windowMs ? seen.id : undefined
  }

  remember(key: string, id: string, at: number): void {
    const seen = { key, id, at }
    this.#seen.set(key, seen)
    this.#uncommitted.push(seen)
  }

  /** What was remembered from now on can be forgotten with `rollback`. */
  savepoint(): number {
    return this.#uncommitted.length
  }

  rollback(savepoint: number): void {
    for (const { key } of this.#uncommitted.splice(savepoint)) this.#seen.delete(key)
  }

  /** Only now are old ones forgotten: what is rolled back must not cost a place. */
  commit(): void {
    const committed = this.#uncommitted
    this.#uncommitted = []
    for (const seen of committed) {
      this.#order.push(seen)
      this.#evict(seen.at)
    }
  }

  #evict(now: number): void {
    for (let count = 0; count < EVICTED_PER_MESSAGE; count++) {
      const oldest = this.#order.peek()
      if (oldest === undefined) return
      if (this.#order.length <= this.#maxEntries && now - oldest.at < this.#windowMs) return
      this.#order.shift()
      if (this.#seen.get(oldest.key) === oldest) this.#seen.delete(oldest.key)
    }
  }
}
