import { hash } from 'node:crypto'
import type { MessageState } from './offline-message.ts'
import type { OutcomeKind } from './outcome.ts'
import type { ProviderName, RegistrationKey } from './registration.ts'

export const DELIVERY_STATES = ['pending', 'accepted', 'unregistered', 'expired', 'dead'] as const
export type DeliveryState = (typeof DELIVERY_STATES)[number]
export type FinalDeliveryState = Exclude<DeliveryState, 'pending'>

/** One call to a provider. `crashed` is a bug of ours that was caught around the attempt. */
export interface AttemptRecord {
  /** Counted from 1. Attempts that provably never left (unsent, blocked) share the next number. */
  number: number
  at: number
  outcome: OutcomeKind | 'crashed'
  status?: number
  reason?: string
  durationMs: number
  environment: string
}

/** One message to one registration: what the trace shows and the store keeps. */
export interface DeliveryRecord extends Omit<RegistrationKey, 'recipient'> {
  /** UUID derived from message and registration: the same on every attempt, sent as `apns-id`. */
  id: string
  /** Which registration of this key it is for; absent in records from before there was such a number. */
  firstVersion?: number
  provider: ProviderName
  app: string
  state: DeliveryState
  /** Why it ended, or why it waits. */
  reason?: string
  /** Attempts that counted (unsent and blocked do not). */
  attemptCount: number
  /** Attempts caught as bugs; the fifth makes it dead. */
  crashCount: number
  /** First three and last ten. */
  attempts: readonly AttemptRecord[]
}

const KEPT_FIRST = 3
const KEPT_LAST = 10

/** Appends, keeping the first three and the last ten. */
export function recordAttempt(attempts: readonly AttemptRecord[], attempt: AttemptRecord): AttemptRecord[] {
  const all = [...attempts, attempt]
  if (all.length <= KEPT_FIRST + KEPT_LAST) return all
  return [...all.slice(0, KEPT_FIRST), ...all.slice(-KEPT_LAST)]
}

/** A canonical lower-case UUID (version 8, RFC 9562) from the SHA-256 of message and registration. */
export function deliveryId(messageId: string, registration: RegistrationKey): string {
  const digest = hash(
    'sha256',
    `${messageId}\n${registration.recipient}\n${registration.device}\n${registration.kind}`,
    'hex',
  )
  const variant = ((Number.parseInt(digest.charAt(16), 16) & 0x3) | 0x8).toString(16)
  return `${digest.slice(0, 8)}-${digest.slice(8, 12)}-8${digest.slice(13, 16)}-${variant}${digest.slice(17, 20)}-${digest.slice(20, 32)}`
}

/** The state of a message from the states of all its deliveries; `pending` while any is. */
export function messageStateOf(states: readonly DeliveryState[]): MessageState {
  if (states.includes('pending')) return 'pending'
  const accepted = states.filter(state => state === 'accepted').length
  if (accepted > 0) return accepted === states.length ? 'accepted' : 'partial'
  if (states.includes('dead')) return 'dead'
  if (states.includes('expired')) return 'expired'
  return 'unreachable'
}
