import { chmodSync, closeSync, mkdirSync, openSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { hasErrcode, toFailure } from './failure.ts'
import { migrate, readPragma } from './migrate.ts'
import { APPLICATION_ID, MIGRATIONS } from './schema.ts'

/** The file is not one that we may open; its message is for the operator. Nothing in the file was changed. */
export class RefusedError extends Error {}

// Beyond this size a full check would hold up the start for seconds; `push-relay check-store` does it on demand.
const CHECKED_AT_START_BYTES = 256 * 1024 * 1024
const BUSY_TIMEOUT_MS = 1000
const SQLITE_BUSY = 5

/** One process per file: held for as long as the connection is open, and given up by the system if we are killed. */
export function takeLock(path: string): DatabaseSync {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  createPrivate(`${path}.lock`)
  const lock = new DatabaseSync(`${path}.lock`, { timeout: 0 })
  try {
    lock.exec('BEGIN EXCLUSIVE')
    return lock
  } catch (error) {
    lock.close()
    if (!hasErrcode(error, SQLITE_BUSY)) throw error
    throw new RefusedError(`${path} is in use by another process (it holds ${path}.lock)`)
  }
}

/** Checks, opens and migrates. The caller holds the lock. */
export function openForWriting(path: string): DatabaseSync {
  const isNew = (statSync(path, { throwIfNoEntry: false })?.size ?? 0) === 0
  if (!isNew) checkFile(path, 'start')
  createPrivate(path)
  const db = new DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS })
  try {
    // Before WAL, so that the file itself says at once whose it is.
    if (isNew) db.exec(`PRAGMA application_id = ${APPLICATION_ID}`)
    db.exec(`
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = FULL;
      PRAGMA secure_delete = ON;
      PRAGMA temp_store = MEMORY;
      PRAGMA cache_size = -65536;
      PRAGMA wal_autocheckpoint = 4000;
    `)
    migrate(db, MIGRATIONS)
    return db
  } catch (error) {
    db.close()
    throw error
  }
}

export function openForReading(path: string): DatabaseSync {
  const db = new DatabaseSync(path, { readOnly: true, timeout: BUSY_TIMEOUT_MS })
  try {
    db.exec('PRAGMA cache_size = -16384; PRAGMA temp_store = MEMORY')
    return db
  } catch (error) {
    db.close()
    throw error
  }
}

/** `start` skips the pages of a large file; `full` also compares every index with its table. */
export type CheckDepth = 'start' | 'full'

/** Throws RefusedError unless this is a sound file of ours, of a version that we know. Changes nothing. */
export function checkFile(path: string, depth: CheckDepth): void {
  let problem: string | undefined
  try {
    problem = findProblem(path, depth)
  } catch (error) {
    problem = toFailure(error).message
  }
  if (problem !== undefined) throw new RefusedError(`${path} cannot be used: ${problem}`)
}

function findProblem(path: string, depth: CheckDepth): string | undefined {
  const db = openForReading(path)
  try {
    if (readPragma(db, 'application_id') !== APPLICATION_ID) return 'it is a database of another program'
    const version = readPragma(db, 'user_version')
    if (version > MIGRATIONS.length) {
      return `it was written by a newer release (format ${version}, this one knows ${MIGRATIONS.length})`
    }
    if (depth === 'start' && statSync(path).size > CHECKED_AT_START_BYTES) return undefined
    const check = depth === 'full' ? 'integrity_check' : 'quick_check'
    const verdict = String(db.prepare(`PRAGMA ${check}(1)`).get()?.[check])
    return verdict === 'ok' ? undefined : `it is damaged: ${verdict}`
  } finally {
    db.close()
  }
}

/**
 * SQLite gives -wal and -shm the mode of the database. A file that exists is not opened here: closing any descriptor of a
 * file ends every POSIX lock that this process has on it, also those of a connection in another thread, and without its
 * lock another program that closes the database deletes the log under us.
 * https://www.sqlite.org/howtocorrupt.html#_posix_advisory_locks_canceled_by_a_separate_thread_doing_close_
 */
function createPrivate(path: string): void {
  try {
    closeSync(openSync(path, 'wx', 0o600))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
  if ((statSync(path).mode & 0o077) !== 0) chmodSync(path, 0o600)
}
