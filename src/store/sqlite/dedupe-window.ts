interface Seen {
  id: string
  at: number
}

/**
 * The keys of recent messages, bounded by age and count. Lives beside the connection that writes, so that looking up and
 * remembering are one step with the transaction: what was remembered in a transaction that failed is forgotten with it.
 */
export class DedupeWindow {
  readonly #windowMs: number
  readonly #maxEntries: number
  readonly #seen = new Map<string, Seen>()
  #uncommitted: string[] = []

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
    this.#seen.delete(key)
    this.#seen.set(key, { id, at })
    this.#uncommitted.push(key)
    for (const [oldest, seen] of this.#seen) {
      if (this.#seen.size <= this.#maxEntries && at - seen.at < this.#windowMs) break
      this.#seen.delete(oldest)
    }
  }

  /** What was remembered from now on can be forgotten with `rollback`. */
  savepoint(): number {
    return this.#uncommitted.length
  }

  rollback(savepoint: number): void {
    for (const key of this.#uncommitted.splice(savepoint)) this.#seen.delete(key)
  }

  commit(): void {
    this.#uncommitted = []
  }
}
