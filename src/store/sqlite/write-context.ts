import type { DedupeWindow } from './dedupe-window.ts'
import { RegistrationCache } from './registration-cache.ts'
import type { Sql } from './statements.ts'

// Room below every incarnation for its changes, and for eight million incarnations in a safe integer.
const CHANGES_PER_INCARNATION = 2 ** 30

/**
 * What the operations of a writer share. Revisions count the changes of registrations. They also are the registrations'
 * versions: because they begin with the incarnation, no version is ever used twice, not even after a deletion.
 */
export class WriteContext {
  readonly sql: Sql
  readonly incarnation: number
  readonly dedupe: DedupeWindow
  readonly registrations: RegistrationCache
  #revision: number
  #changes = new Map<string, number>()

  constructor(sql: Sql, incarnation: number, dedupe: DedupeWindow) {
    this.sql = sql
    this.incarnation = incarnation
    this.dedupe = dedupe
    this.registrations = new RegistrationCache(sql)
    this.#revision = incarnation * CHANGES_PER_INCARNATION
  }

  get revision(): number {
    return this.#revision
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
