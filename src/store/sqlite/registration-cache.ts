import type { Registration } from '../../domain/registration.ts'
import { readRegistrations } from './registration-rows.ts'
import type { Sql } from './statements.ts'

const MAX_RECIPIENTS = 10_000

export interface RecipientRegistrations {
  active: readonly Registration[]
  /** JSON of `active`: receipts cross threads as text, which is cheaper to copy than objects. */
  activeText: string
  /** Those in every other state. */
  skipped: readonly Registration[]
}

/**
 * The registrations of the recipients that the writer met last. Exact, because nobody else writes: what changes is
 * forgotten at once, and everything is forgotten when a transaction fails.
 */
export class RegistrationCache {
  readonly #sql: Sql
  readonly #known = new Map<string, RecipientRegistrations>()

  constructor(sql: Sql) {
    this.#sql = sql
  }

  of(recipient: string): RecipientRegistrations {
    const known = this.#known.get(recipient)
    if (known !== undefined) return known
    const registrations = arrange(readRegistrations(this.#sql, recipient))
    this.#known.set(recipient, registrations)
    if (this.#known.size > MAX_RECIPIENTS) {
      const [oldest] = this.#known.keys()
      if (oldest !== undefined) this.#known.delete(oldest)
    }
    return registrations
  }

  forget(recipient: string): void {
    this.#known.delete(recipient)
  }

  clear(): void {
    this.#known.clear()
  }
}

function arrange(all: readonly Registration[]): RecipientRegistrations {
  const active = all.filter(registration => registration.state === 'active')
  const skipped = all.filter(registration => registration.state !== 'active')
  return { active, activeText: JSON.stringify(active), skipped }
}
