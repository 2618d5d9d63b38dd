import { DatabaseError } from 'pg'
import { type Failure, toError } from '../shared/failure.ts'
import type { UnavailableReason } from '../store-unavailable.ts'
import { StoreUnavailableError } from '../store-unavailable.ts'

/** The connection broke, or was given up: nobody knows what became of what was asked on it last. */
export class ConnectionLostError extends Error {
  readonly reason: UnavailableReason

  constructor(reason: UnavailableReason, message: string) {
    super(message)
    this.name = 'ConnectionLostError'
    this.reason = reason
  }
}

/**
 * What follows an error of the database. `again`: nothing was changed, and trying again helps, once what we knew of `stale` is
 * forgotten. `void`: this incarnation has been taken for dead. `lost`: unknown whether it was committed. `unavailable`: nothing
 * was changed. `bug`: ours.
 */
export type Verdict =
  | { next: 'again'; stale?: 'partitions' | 'connection' }
  | { next: 'void' }
  | { next: 'lost' | 'unavailable'; reason: UnavailableReason }
  | { next: 'bug' }

/** https://www.postgresql.org/docs/current/errcodes-appendix.html; the longest prefix decides. */
const VERDICTS: Readonly<Record<string, Verdict>> = {
  PR001: { next: 'void' }, // hold_incarnation in schema.ts
  '08': { next: 'lost', reason: 'unreachable' }, // connection exceptions
  '25006': { next: 'unavailable', reason: 'read-only' }, // a standby, or default_transaction_read_only
  '25P03': { next: 'lost', reason: 'timeout' }, // we were stopped in a transaction, and it was ended: idle_in_transaction_…
  '25P04': { next: 'lost', reason: 'timeout' }, // transaction_timeout
  '23514': { next: 'again', stale: 'partitions' }, // none for a row: there is no other check in our tables
  '26000': { next: 'again', stale: 'connection' }, // our prepared statement is not there: somebody shares our connection
  '0A000': { next: 'again', stale: 'connection' }, // "cached plan must not change result type", after a migration
  '28': { next: 'unavailable', reason: 'refused' }, // authorization
  '3D000': { next: 'unavailable', reason: 'refused' }, // no such database
  '40': { next: 'again' }, // serialization failure, deadlock
  '40003': { next: 'lost', reason: 'unreachable' }, // statement completion unknown
  '42501': { next: 'unavailable', reason: 'refused' }, // insufficient privilege
  '53': { next: 'unavailable', reason: 'io-error' }, // insufficient resources
  '53100': { next: 'unavailable', reason: 'disk-full' },
  '53300': { next: 'unavailable', reason: 'refused' }, // too many connections
  '55P03': { next: 'again' }, // lock not available
  '57014': { next: 'unavailable', reason: 'timeout' }, // statement_timeout
  // The server ends us, stops, or starts. What it was asked to commit may be committed: while it waits for a standby, a
  // commit is only announced late.
  '57P': { next: 'lost', reason: 'unreachable' },
  '58': { next: 'unavailable', reason: 'io-error' }, // system errors
  XX: { next: 'unavailable', reason: 'io-error' }, // internal errors, damaged data
}

export function judge(error: unknown): Verdict {
  if (error instanceof ConnectionLostError) return { next: 'lost', reason: error.reason }
  if (!(error instanceof DatabaseError)) return { next: 'bug' }
  const code = error.code ?? ''
  for (let length = code.length; length >= 2; length--) {
    const verdict = VERDICTS[code.slice(0, length)]
    if (verdict !== undefined) return verdict
  }
  return { next: 'bug' }
}

/** Without what the server says of the row: its messages quote values. */
export function describe(error: unknown): string {
  if (error instanceof DatabaseError) {
    return ['PostgreSQL', error.code, error.constraint ?? error.table].filter(Boolean).join(' ')
  }
  if (error instanceof ConnectionLostError) return error.message
  return error instanceof Error ? error.name : 'unknown error'
}

export function toFailure(error: unknown): Failure {
  const verdict = judge(error)
  const message = describe(error)
  if (verdict.next === 'lost' || verdict.next === 'unavailable') return { reason: verdict.reason, message }
  // What was tried again and again is no bug of the operation.
  return verdict.next === 'bug' ? { message } : { reason: 'timeout', message }
}

/** As a caller of the store is told. */
export function toStoreError(error: unknown): Error {
  return error instanceof StoreUnavailableError ? error : toError(toFailure(error))
}
