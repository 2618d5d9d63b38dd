import type { OperationResult, WriteOperation } from '../shared/operations.ts'
import type { AcceptReceipt } from '../store.ts'

/** A receipt as it crosses threads: with JSON of the registrations. */
export type ReceiptRow =
  | Exclude<AcceptReceipt, { status: 'queued' }>
  | (Omit<Extract<AcceptReceipt, { status: 'queued' }>, 'registrations'> & { registrations: string })

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
