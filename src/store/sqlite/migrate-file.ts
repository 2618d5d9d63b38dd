import { statSync } from 'node:fs'
import { readPragma } from './migrate.ts'
import { openForReading, openForWriting, takeLock } from './open-file.ts'
import { resolveFile } from './resolve-file.ts'

/** Applies what was not yet applied. Answers how many; undefined: there is no file. Throws RefusedError when a relay uses it. */
export function migrateFile(given: string): number | undefined {
  const path = resolveFile(given)
  if (statSync(path, { throwIfNoEntry: false }) === undefined) return undefined
  const lock = takeLock(path)
  try {
    const before = versionOf(path)
    openForWriting(path).close()
    return versionOf(path) - before
  } finally {
    lock.close()
  }
}

function versionOf(path: string): number {
  const db = openForReading(path)
  try {
    return readPragma(db, 'user_version')
  } finally {
    db.close()
  }
}
