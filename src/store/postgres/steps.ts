import type { OperationKind, OperationOf, WriteOperation, WriteResults } from '../shared/operations.ts'
import type { AcceptReceipt } from '../store.ts'
import { BulkStep, type Tell } from './bulk-step.ts'
import { claimDeliveries, claimMessages } from './claims.ts'
import { expire } from './expire.ts'
import { giveBack, markProven, probe, purgeDuplicates, replaceSecret } from './housekeeping.ts'
import { register } from './register.ts'
import { endOrphans, removeDevice, removeRecipient } from './removal.ts'
import { requeue } from './requeue.ts'
import type { Step } from './step.ts'
import type { WriteContext } from './write-context.ts'
import { changeBadge } from './zeropush/badges.ts'
import { changeChannels, clearChannel } from './zeropush/channels.ts'
import { registerZeropush, removeZeropush } from './zeropush/devices.ts'

type Bulk = 'accept' | 'settleFirst' | 'settleLater'
type Single = Exclude<OperationKind, Bulk>
type Handlers = {
  [K in Single]: (context: WriteContext, operation: OperationOf<K>) => Promise<WriteResults[K]>
}

const HANDLERS: Handlers = {
  claimMessages: (context, { limit }) => claimMessages(context, limit),
  claimDeliveries,
  releaseLeases: giveBack,
  expire,
  purge: purgeDuplicates,
  requeue,
  register: (context, { command }) => register(context, command),
  removeDevice,
  removeRecipient,
  endOrphans,
  zeropushRegister: registerZeropush,
  zeropushRemove: removeZeropush,
  zeropushBadge: changeBadge,
  zeropushChannels: changeChannels,
  zeropushClear: clearChannel,
  replaceSecret,
  markProven,
  probe,
}

/** Puts operations that can share a statement into one step. `values` receives their results, in the order of the operations. */
export function planSteps(
  operations: readonly WriteOperation[],
  values: unknown[],
  dedupeWindowMs: number,
): Step[] {
  const plan = new Plan(dedupeWindowMs)
  for (const [index, operation] of operations.entries()) {
    plan.add(operation, value => {
      values[index] = value
    })
  }
  return plan.steps
}

class Plan {
  readonly steps: Step[] = []
  readonly #dedupeWindowMs: number
  #bulk: BulkStep | undefined

  constructor(dedupeWindowMs: number) {
    this.#dedupeWindowMs = dedupeWindowMs
  }

  add(operation: WriteOperation, tell: Tell): void {
    if (operation.kind === 'accept') this.#accept(operation, tell)
    else if (operation.kind === 'settleFirst') this.#toBulk(bulk => bulk.addFirst(operation, tell))
    else if (operation.kind === 'settleLater') this.#toBulk(bulk => bulk.addLater(operation, tell))
    else {
      this.steps.push(single(operation, tell))
      this.#bulk = undefined
    }
  }

  #accept({ entries }: OperationOf<'accept'>, tell: Tell): void {
    const receipts: AcceptReceipt[] = []
    tell(receipts)
    for (const [index, entry] of entries.entries()) {
      const receive = (receipt: AcceptReceipt) => {
        receipts[index] = receipt
      }
      this.#toBulk(bulk => bulk.addEntry(entry, receive))
    }
  }

  /** What does not fit into the last one begins another. */
  #toBulk(add: (bulk: BulkStep) => boolean): void {
    if (this.#bulk !== undefined && add(this.#bulk)) return
    this.#bulk = new BulkStep(this.#dedupeWindowMs)
    this.steps.push(this.#bulk)
    add(this.#bulk)
  }
}

function single<K extends Single>(operation: WriteOperation & { kind: K }, tell: Tell): Step {
  const handler = HANDLERS[operation.kind] as (context: WriteContext, operation: unknown) => Promise<unknown>
  return { isOneWay: false, run: async context => tell(await handler(context, operation)) }
}
