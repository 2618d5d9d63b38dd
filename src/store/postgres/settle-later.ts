import type { MessageState } from '../../domain/offline-message.ts'
import type { DeliveryResult, Settlement } from '../store.ts'
import {
  columnsOf,
  endWaiting,
  lockMessages,
  type OpenMessage,
  type WaitingDelivery,
} from './open-messages.ts'
import { saveMessages } from './save-messages.ts'
import type { WriteContext } from './write-context.ts'

/** Settles rounds of deliveries that had waited. Answers the state of each message from then on; undefined: the lease is lost. */
export async function settleLaterRounds(
  context: WriteContext,
  settlements: readonly Settlement[],
): Promise<(MessageState | undefined)[]> {
  const messages = await lockMessages(context, [...new Set(settlements.map(({ messageId }) => messageId))])
  const changed = new Map<OpenMessage, number>()
  const states = settlements.map(({ messageId, results, at }) => {
    const message = messages.get(messageId)
    const found = results.map(result => findLeased(message, result))
    if (message === undefined || found.includes(undefined)) return undefined
    for (const [index, result] of results.entries()) settleOne(message, found[index], result)
    changed.set(message, at)
    return columnsOf(message, at).state
  })
  if (changed.size > 0) {
    await saveMessages(context, [...changed.keys()], message => changed.get(message) ?? 0)
  }
  return states
}

function findLeased(
  message: OpenMessage | undefined,
  { record: { device, kind } }: DeliveryResult,
): WaitingDelivery | undefined {
  return message?.waiting.find(
    ({ record, isOurs }) => isOurs && record.device === device && record.kind === kind,
  )
}

function settleOne(message: OpenMessage, waiting: WaitingDelivery | undefined, result: DeliveryResult): void {
  if (waiting === undefined) return
  if (result.wait === undefined) endWaiting(message, waiting, result.record)
  else Object.assign(waiting, { record: result.record, wait: result.wait, isOurs: false })
}
