import { Fifo } from './fifo.ts'

const MAX_CHANGES = 100_000

/**
 * When each recipient's registrations last changed, in memory on the side of the callers. Bounded: where a change was
 * forgotten, everything that was read before it counts as stale.
 */
export class Revisions {
  readonly #changes = new Map<string, number>()
  readonly #order = new Fifo<[recipient: string, revision: number]>()
  readonly #maxChanges: number
  #floor = 0
  #latest = 0

  constructor(maxChanges: number = MAX_CHANGES) {
    this.#maxChanges = maxChanges
  }

  /** Of the last change that was heard of: what is read from now on includes it. */
  get latest(): number {
    return this.#latest
  }

  /** A writer began: whatever was read before may have changed unheard. */
  restart(revision: number): void {
    this.#changes.clear()
    this.#floor = revision
    this.#latest = revision
  }

  record(changes: ReadonlyMap<string, number>): void {
    for (const [recipient, revision] of changes) {
      this.#latest = Math.max(this.#latest, revision)
      this.#changes.set(recipient, revision)
      this.#order.push([recipient, revision])
      if (this.#order.length > this.#maxChanges) this.#forgetOldest()
    }
  }

  #forgetOldest(): void {
    const [recipient, revision] = this.#order.shift() ?? ['', 0]
    if (this.#changes.get(recipient) !== revision) return
    this.#changes.delete(recipient)
    this.#floor = Math.max(this.#floor, revision)
  }

  isStale(recipient: string, revision: number): boolean {
    return revision < this.#floor || (this.#changes.get(recipient) ?? 0) > revision
  }
}
