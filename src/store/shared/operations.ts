import type { MessageState } from '../../domain/offline-message.ts'
import type {
  AcceptEntry,
  ClaimedDelivery,
  ClaimedMessage,
  ExpireResult,
  RegisterCommand,
  RegisterResult,
  RegistrationEffect,
  Settlement,
} from '../store.ts'
import type { Failure } from './failure.ts'
import type { DerivedColumns } from './message-state.ts'
import type { Position, RemovalStep } from './removal-step.ts'
import type { ZeropushOperation, ZeropushResults } from './zeropush-operations.ts'

/** An entry as it is stored: its content is one text, which is cheaper to copy between threads than an object. */
export interface EntryRow extends Omit<AcceptEntry, 'content' | 'notes'> {
  /** JSON of MessageContent. */
  content: string | null
  notes: readonly string[] | null
}

/** A first round as it is stored: what the columns will hold is worked out on the caller's side. */
export interface FirstRound extends DerivedColumns {
  messageId: string
  recipient: string
  at: number
  /** JSON of the records that ended. */
  ended: string
  waiting: readonly WaitingRow[] | null
  effects: readonly DeliveryEffect[] | null
}

export interface WaitingRow {
  device: string
  kind: string
  scope: string
  runAt: number
  /** JSON of DeliveryRecord. */
  record: string
}

export interface DeliveryEffect {
  device: string
  kind: string
  effect: RegistrationEffect
}

/** All that is ever written, as values for the queue to whoever commits. */
export type WriteOperation =
  | { kind: 'accept'; entries: EntryRow[] }
  | { kind: 'settleFirst'; round: FirstRound }
  | { kind: 'settleLater'; settlement: Settlement }
  | { kind: 'claimMessages'; limit: number }
  | { kind: 'claimDeliveries'; scope: string; now: number; limit: number }
  | { kind: 'releaseLeases' }
  | { kind: 'expire'; now: number; limit: number }
  | { kind: 'purge'; before: number; limit: number }
  | { kind: 'requeue'; messageId: string; now: number }
  | { kind: 'register'; command: RegisterCommand }
  | { kind: 'removeDevice'; recipient: string; device: string; at: number }
  | { kind: 'removeRecipient'; recipient: string; at: number }
  | { kind: 'endOrphans'; recipient: string; after: Position; at: number }
  | ZeropushOperation
  | { kind: 'replaceSecret'; name: string; former: string | undefined; value: string }
  | { kind: 'markProven'; scope: string }
  | { kind: 'probe' }

export type OperationKind = WriteOperation['kind']
export type OperationOf<K extends OperationKind> = Extract<WriteOperation, { kind: K }>

/** What each answers; `Receipt` is an adapter's own form of AcceptReceipt. */
export interface WriteResults<Receipt = unknown> extends ZeropushResults {
  accept: Receipt[]
  settleFirst: MessageState | undefined
  settleLater: MessageState | undefined
  claimMessages: ClaimedMessage[]
  claimDeliveries: ClaimedDelivery[]
  releaseLeases: undefined
  expire: ExpireResult
  purge: number
  requeue: 'requeued' | 'expired' | 'not-dead' | 'unknown'
  register: RegisterResult
  removeDevice: RemovalStep
  removeRecipient: RemovalStep
  endOrphans: RemovalStep
  replaceSecret: boolean
  markProven: undefined
  probe: undefined
}

/** Commits an operation together with whatever else there is. */
export type Submit<Receipt = unknown> = <K extends OperationKind>(
  operation: OperationOf<K>,
) => Promise<WriteResults<Receipt>[K]>

/** What became of one operation of a batch; a failed commit fails the batch as a whole, and is not told here. */
export type OperationResult = { ok: true; value: unknown } | { ok: false; failure: Failure }
