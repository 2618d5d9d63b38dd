const MAX_RECIPIENTS = 100_000

/**
 * When each recipient's registrations last changed, in memory on the side of the callers. Bounded: where a change was
 * forgotten, everything that was read before it counts as stale.
 */
export class Revisions {
  readonly #changes = new Map<string, number>()
  readonly #maxRecipients: number
  #floor = 0
  #latest = 0

  constructor(maxRecipients: number = MAX_RECIPIENTS) {
    this.#maxRecipients = maxRecipients
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
      this.#changes.delete(recipient)
      this.#changes.set(recipient, revision)
    }
    for (const [recipient, revision] of this.#changes) {
      if (this.#changes.size <= this.#maxRecipients) break
      this.#changes.delete(recipient)
      this.#floor = Math.max(this.#floor, revision)
    }
  }

  isStale(recipient: string, revision: number): boolean {
    return revision < this.#floor || (this.#changes.get(recipient) ?? 0) > revision
  }
}
