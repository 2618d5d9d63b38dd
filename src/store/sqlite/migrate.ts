import type { DatabaseSync } from 'node:sqlite'

/**
 * Applies what was not yet applied, in order, each with its number in one transaction. Throws at the first that fails:
 * those before it are kept, of it nothing is, once the caller has closed the database.
 */
export function migrate(db: DatabaseSync, migrations: readonly string[]): void {
  const applied = readPragma(db, 'user_version')
  for (const [index, migration] of migrations.entries()) {
    if (index < applied) continue
    db.exec(`BEGIN IMMEDIATE; ${migration}; PRAGMA user_version = ${index + 1}; COMMIT`)
  }
}

export function readPragma(db: DatabaseSync, name: string): number {
  return Number(db.prepare(`PRAGMA ${name}`).get()?.[name])
}
