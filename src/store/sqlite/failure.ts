import type { Failure } from '../shared/failure.ts'
import type { UnavailableReason } from '../store-unavailable.ts'

// SQLite's primary result codes, https://www.sqlite.org/rescode.html
const REASONS: Readonly<Record<number, UnavailableReason>> = {
  3: 'read-only', // SQLITE_PERM
  5: 'io-error', // SQLITE_BUSY: another program holds the file's write lock
  6: 'io-error', // SQLITE_LOCKED
  7: 'io-error', // SQLITE_NOMEM
  8: 'read-only', // SQLITE_READONLY
  10: 'io-error', // SQLITE_IOERR
  11: 'corrupt', // SQLITE_CORRUPT
  13: 'disk-full', // SQLITE_FULL
  14: 'io-error', // SQLITE_CANTOPEN
  15: 'io-error', // SQLITE_PROTOCOL
  26: 'corrupt', // SQLITE_NOTADB
}

const PRIMARY_CODE = 0xff

export function hasErrcode(error: unknown, primaryCode: number): boolean {
  const { errcode } = error as { errcode?: unknown }
  return typeof errcode === 'number' && (errcode & PRIMARY_CODE) === primaryCode
}

export function toFailure(error: unknown): Failure {
  if (!(error instanceof Error)) return { message: 'unknown error' }
  const { code, errcode } = error as { code?: unknown; errcode?: unknown }
  const reason = typeof errcode === 'number' ? REASONS[errcode & PRIMARY_CODE] : undefined
  // Messages of SQLite and Node name tables and parameters, never values; those of a JSON parser quote what it read.
  const message = typeof code === 'string' ? error.message : error.name
  return reason === undefined ? { message } : { reason, message }
}
