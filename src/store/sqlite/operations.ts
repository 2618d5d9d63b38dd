import type { MessageState } from '../../domain/offline-message.ts'
import type {
  AcceptEntry,
  AcceptReceipt,
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
import type { RemovalStep } from './removal-step.ts'
import type { ZeropushOperation, ZeropushResults } from './zeropush/operations.ts'

/** An entry as it crosses threads: one long text is cheaper to copy than an object. */
export interface EntryRow extends Omit<AcceptEntry, 'content' | 'notes'> {
  /** JSON of MessageContent. */
  content: string | null
  notes: readonly string[] | null
}

/** A first round as it crosses threads: what the columns will hold is worked out on the caller's side. */
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

/** A receipt as it crosses threads: with JSON of the registrations. */
export type ReceiptRow =
  | Exclude<AcceptReceipt, { status: 'queued' }>
  | (Omit<Extract<AcceptReceipt, { status: 'queued' }>, 'registrations'> & { registrations: string })

/** All that is ever written, as values for the queue to the writer. */
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
  | { kind: 'endOrphans'; recipient: string; after: number; at: number }
  | ZeropushOperation
  | { kind: 'saveSecret'; name: string; value: string }
  | { kind: 'markProven'; scope: string }
  | { kind: 'probe' }

export type OperationKind = WriteOperation['kind']
export type OperationOf<K extends OperationKind> = Extract<WriteOperation, { kind: K }>

export interface WriteResults extends ZeropushResults {
  accept: ReceiptRow[]
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
  saveSecret: undefined
  markProven: undefined
  probe: undefined
}

/** What became of one operation of a batch; `failure` never means the disk, which fails the batch as a whole. */
export type OperationResult = { ok: true; value: unknown } | { ok: false; failure: Failure }

export interface BatchReply {
  results: OperationResult[]
  /** Recipients whose registrations this batch changed, with the revision of the change. */
  changes: ReadonlyMap<string, number>
  /** What the leases carry that this batch took. */
  lease: number
}

export type WriterRequest =
  | { kind: 'batch'; operations: readonly WriteOperation[] }
  /** Empties the log into the database file and cuts it; false while a reader still needs it. */
  | { kind: 'checkpoint' }
  | { kind: 'close' }

export interface WriterReady {
  /** The revision before any change of this writer. */
  revision: number
  /** What its leases will carry at least. */
  lease: number
}

/** The leases that a process knows of when it replaces a writer that died. */
export interface HeldLeases {
  first: number
  /** Of the last batch whose reply arrived. */
  last: number
}

export interface WriterOptions {
  path: string
  dedupeWindowMs: number
  maxDedupeEntries: number
  now: number
  /** Absent at the start of a process, which voids every lease. */
  held?: HeldLeases | undefined
}
