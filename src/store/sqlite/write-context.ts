import type { DedupeWindow } from './dedupe-window.ts'
import { RegistrationCache } from './registration-cache.ts'
import type { Sql } from './statements.ts'

// Room below every incarnation for its changes and its batches, and for eight million incarnations in a safe integer.
export const PER_INCARNATION = 2 ** 30

/**
 * What the operations of a writer share. Revisions count the changes of registrations. They also are the registrations'
 * versions: because they begin with the incarnation, no version is ever used twice, not even after a deletion.
 * Leases carry the number of the batch that took them: when a writer died, it is known which were never told to anybody.
 */
export class WriteContext {
  readonly sql: Sql
  readonly incarnation: number
  readonly dedupe: DedupeWindow
  readonly registrations: RegistrationCache
  /** What a lease of this process carries at least: it may be older than the writer, when another one died. */
  readonly firstLease: number
  #lease: number
  #revision: number
  #changes = new Map<string, number>()

  constructor(sql: Sql, incarnation: number, dedupe: DedupeWindow, firstLease?: number) {
    this.sql = sql
    this.incarnation = incarnation
    this.dedupe = dedupe
    this.registrations = new RegistrationCache(sql)
    this.#lease = incarnation * PER_INCARNATION
    this.firstLease = firstLease ?? this.#lease
    this.#revision = incarnation * PER_INCARNATION
  }

  get revision(): number {
    return this.#revision
  }

  /** What the leases of this batch carry. */
  get lease(): number {
    return this.#lease
  }

  beginBatch(): void {
    this.#lease++
  }

  /** Notes that a registration of this recipient changes; answers its new version. */
  change(recipient: string): number {
    this.registrations.forget(recipient)
    this.#revision++
    this.#changes.set(recipient, this.#revision)
    return this.#revision
  }

  takeChanges(): Map<string, number> {
    const changes = this.#changes
    this.#changes = new Map()
    return changes
  }
}
