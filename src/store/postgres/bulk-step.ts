import { effectsOf } from '../shared/first-round.ts'
import type { DeliveryEffect, EntryRow, FirstRound, OperationOf } from '../shared/operations.ts'
import type { AcceptReceipt, Settlement } from '../store.ts'
import { acceptEntries } from './accept-entries.ts'
import { applyEffects, isOnlyNoted } from './effects.ts'
import { settleFirstRounds } from './settle-first.ts'
import { settleLaterRounds } from './settle-later.ts'
import type { Step } from './step.ts'
import { isUuid } from './uuid.ts'
import type { WriteContext } from './write-context.ts'

/** Receives the result of an operation. */
export type Tell = (value: unknown) => void

/** The others were noted in the statement that settles. */
function changingEffects({ effects }: FirstRound): readonly DeliveryEffect[] {
  return (effects ?? []).filter(({ effect }) => !isOnlyNoted(effect))
}

interface Accepted {
  entry: EntryRow
  tell: (receipt: AcceptReceipt) => void
  /** Entries of this step with the same key, which are its duplicates. */
  repeats: { tell: (receipt: AcceptReceipt) => void }[]
}

/** Accepts and settles, which do not depend on each other: a statement for all of a kind. */
export class BulkStep implements Step {
  readonly #dedupeWindowMs: number
  readonly #accepted: Accepted[] = []
  readonly #byKey = new Map<string, Accepted>()
  readonly #ids = new Set<string>()
  readonly #badges = new Set<string>()
  readonly #firsts: { round: FirstRound; tell: Tell }[] = []
  readonly #laters: { settlement: Settlement; tell: Tell }[] = []
  /** Something in it changes registrations, which an entry that is accepted afterwards must see. */
  #changesRegistrations = false

  constructor(dedupeWindowMs: number) {
    this.#dedupeWindowMs = dedupeWindowMs
  }

  get isOneWay(): boolean {
    return this.#laters.length === 0 && !this.#changesRegistrations
  }

  /** False when the entry cannot be in one statement with those before it. */
  addEntry(entry: EntryRow, tell: (receipt: AcceptReceipt) => void): boolean {
    if (this.#changesRegistrations || this.#ids.has(entry.id)) return false
    const first = entry.dedupeKey === undefined ? undefined : this.#byKey.get(entry.dedupeKey)
    if (first !== undefined) {
      if (entry.receivedAt - first.entry.receivedAt >= this.#dedupeWindowMs) return false
      first.repeats.push({ tell })
      return true
    }
    if (entry.badge !== undefined && this.#badges.has(entry.recipient)) return false
    const accepted: Accepted = { entry, tell, repeats: [] }
    this.#accepted.push(accepted)
    this.#ids.add(entry.id)
    if (entry.dedupeKey !== undefined) this.#byKey.set(entry.dedupeKey, accepted)
    if (entry.badge !== undefined) this.#badges.add(entry.recipient)
    return true
  }

  addFirst({ round }: OperationOf<'settleFirst'>, tell: Tell): boolean {
    if (this.#ids.has(round.messageId)) return false
    if (!isUuid(round.messageId)) {
      tell(undefined)
      return true
    }
    this.#ids.add(round.messageId)
    this.#firsts.push({ round, tell })
    this.#changesRegistrations ||= changingEffects(round).length > 0
    return true
  }

  addLater({ settlement }: OperationOf<'settleLater'>, tell: Tell): boolean {
    if (!isUuid(settlement.messageId)) {
      tell(undefined)
      return true
    }
    this.#laters.push({ settlement, tell })
    this.#changesRegistrations ||= settlement.results.some(
      ({ effect }) => effect !== undefined && !isOnlyNoted(effect),
    )
    return true
  }

  async run(context: WriteContext): Promise<void> {
    // Both are asked for before either is answered.
    await Promise.all([this.#accept(context), this.#settleFirst(context)])
    if (this.#laters.length > 0) await this.#settleLater(context)
  }

  async #accept(context: WriteContext): Promise<void> {
    if (this.#accepted.length === 0) return
    const entries = this.#accepted.map(({ entry }) => entry)
    const receipts = await acceptEntries(context, entries)
    for (const [index, { tell, repeats }] of this.#accepted.entries()) {
      const receipt = receipts[index]
      if (receipt === undefined) continue
      tell(receipt)
      for (const repeat of repeats) repeat.tell({ status: 'duplicate', id: receipt.id })
    }
  }

  async #settleFirst(context: WriteContext): Promise<void> {
    if (this.#firsts.length === 0) return
    const settled = await settleFirstRounds(
      context,
      this.#firsts.map(({ round }) => round),
    )
    for (const { round, tell } of this.#firsts) tell(settled.has(round.messageId) ? round.state : undefined)
    const rounds = this.#firsts.flatMap(({ round }) => (settled.has(round.messageId) ? [round] : []))
    await Promise.all(rounds.map(round => applyEffects(context, round, changingEffects(round))))
  }

  async #settleLater(context: WriteContext): Promise<void> {
    const states = await settleLaterRounds(
      context,
      this.#laters.map(({ settlement }) => settlement),
    )
    for (const [index, { tell }] of this.#laters.entries()) tell(states[index])
    const settled = this.#laters.flatMap(({ settlement }, index) =>
      states[index] === undefined ? [] : [settlement],
    )
    await Promise.all(settled.map(one => applyEffects(context, one, effectsOf(one.results))))
  }
}
