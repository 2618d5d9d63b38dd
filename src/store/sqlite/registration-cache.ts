import type { Registration } from '../../domain/registration.ts'
import { Fifo } from '../shared/fifo.ts'
import { readRegistrations } from './registration-rows.ts'
import type { Sql } from './statements.ts'

// About a kilobyte each, with their text. A recipient without any counts as one.
const MAX_REGISTRATIONS = 20_000

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
  readonly #maxRegistrations: number
  readonly #known = new Map<string, RecipientRegistrations>()
  #order = new Fifo<[recipient: string, registrations: RecipientRegistrations]>()
  /** Of what is in the order, whether still known or not. */
  #weight = 0

  constructor(sql: Sql, maxRegistrations: number = MAX_REGISTRATIONS) {
    this.#sql = sql
    this.#maxRegistrations = maxRegistrations
  }

  of(recipient: string): RecipientRegistrations {
    const known = this.#known.get(recipient)
    if (known !== undefined) return known
    const registrations = arrange(readRegistrations(this.#sql, recipient))
    this.#known.set(recipient, registrations)
    this.#order.push([recipient, registrations])
    this.#weight += weightOf(registrations)
    while (this.#weight > this.#maxRegistrations && this.#order.length > 1) this.#dropOldest()
    return registrations
  }

  forget(recipient: string): void {
    this.#known.delete(recipient)
  }

  clear(): void {
    this.#known.clear()
    this.#order = new Fifo()
    this.#weight = 0
  }

  #dropOldest(): void {
    const oldest = this.#order.shift()
    if (oldest === undefined) return
    const [recipient, registrations] = oldest
    this.#weight -= weightOf(registrations)
    if (this.#known.get(recipient) === registrations) this.#known.delete(recipient)
  }
}

function weightOf({ active, skipped }: RecipientRegistrations): number {
  return Math.max(1, active.length + skipped.length)
}

function arrange(all: readonly Registration[]): RecipientRegistrations {
  const active = all.filter(registration => registration.state === 'active')
  const skipped = all.filter(registration => registration.state !== 'active')
  return { active, activeText: JSON.stringify(active), skipped }
}
