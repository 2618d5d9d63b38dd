import type { DeliveryRecord } from '../../domain/delivery.ts'
import { messageStateOf } from '../../domain/delivery.ts'
import type { MessageState } from '../../domain/offline-message.ts'

const FIRST_ROUND_OVER = 1
const OVER = 2

/** The columns of a message that follow from its deliveries. */
export interface DerivedColumns {
  state: MessageState
  reason: string | null
  stage: number
  settledAt: number | null
  /** Whether an attempt can still follow, and with it the text is needed: one waits, or a dead one may be revived. */
  keepsContent: boolean
}

export function deriveColumns(deliveries: readonly DeliveryRecord[], at: number): DerivedColumns {
  const state = messageStateOf(deliveries.map(delivery => delivery.state))
  const isPending = state === 'pending'
  return {
    state,
    reason: reasonOf(state, deliveries),
    stage: isPending ? FIRST_ROUND_OVER : OVER,
    settledAt: isPending ? null : at,
    keepsContent: isPending || deliveries.some(delivery => delivery.state === 'dead'),
  }
}

/** The reason of the first delivery that made the message what it is. */
function reasonOf(state: MessageState, deliveries: readonly DeliveryRecord[]): string | null {
  const decides = (delivery: DeliveryRecord) => {
    if (state === 'partial') return delivery.state !== 'accepted'
    if (state === 'unreachable') return delivery.state === 'unregistered'
    return delivery.state === state
  }
  return deliveries.find(delivery => decides(delivery) && delivery.reason !== undefined)?.reason ?? null
}
