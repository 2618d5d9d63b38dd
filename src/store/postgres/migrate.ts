import type { Connection, Queryable } from './connection.ts'
import { MIGRATION_LOCK } from './locks.ts'
import { MIGRATIONS, SCHEMA } from './schema.ts'

/** What we find is not for us; its message is for the operator. */
export class RefusedError extends Error {}

/** Of the server: https://www.postgresql.org/support/versioning/ */
const FEWEST_VERSION = 150_000

const FIND_SCHEMA = { text: 'SELECT FROM pg_namespace WHERE nspname = $1' }

/** Throws RefusedError unless this is a server that we can use, and that keeps what it says it has committed. */
export async function checkServer(connection: Queryable): Promise<void> {
  const { rows } = await connection.query({
    text: `SELECT current_setting('server_version_num')::integer, current_setting('server_version'), pg_is_in_recovery(),
      current_setting('server_encoding'), current_setting('synchronous_commit'), current_setting('fsync')`,
  })
  const [number, version, isStandby, encoding, ...durability] = rows[0] ?? []
  if (Number(number) < FEWEST_VERSION) {
    throw new RefusedError(`PostgreSQL ${version} is too old: 15 or newer is needed`)
  }
  // Others have no place for most of what people write.
  if (encoding !== 'UTF8') {
    throw new RefusedError(`the encoding of this database is ${encoding}: it must be UTF8`)
  }
  if (durability.includes('off')) {
    throw new RefusedError('synchronous_commit and fsync must be on: what is accepted has to survive a crash')
  }
  if (isStandby === true) throw new RefusedError('this PostgreSQL is a standby: it can only be read')
}

/**
 * Applies what was not yet applied, in order, each in a transaction of its own. Of many nodes that start at once one does, the
 * others wait. Answers how many were applied. Throws at the first that fails: those before it are kept, of it nothing is.
 */
export async function migrate(
  connection: Connection,
  migrations: readonly string[] = MIGRATIONS,
): Promise<number> {
  await connection.query({ text: 'SELECT pg_advisory_lock($1)' }, [MIGRATION_LOCK])
  try {
    const applied = await appliedVersion(connection)
    if (applied > migrations.length) {
      throw new RefusedError(
        `the database was migrated by a newer release (format ${applied}, this one knows ${migrations.length})`,
      )
    }
    for (const [index, migration] of migrations.entries()) {
      if (index < applied) continue
      // Several statements in one text are one transaction.
      await connection.query({ text: `${migration}; INSERT INTO migration (version) VALUES (${index + 1})` })
    }
    return migrations.length - applied
  } finally {
    // A connection that broke has given it up.
    if (connection.isOpen) await connection.query({ text: 'SELECT pg_advisory_unlock($1)' }, [MIGRATION_LOCK])
  }
}

async function appliedVersion(connection: Connection): Promise<number> {
  // Asked for even when there is one, the right to create schemas would be needed by every node.
  const { count } = await connection.query(FIND_SCHEMA, [SCHEMA])
  if (count === 0) await connection.query({ text: `CREATE SCHEMA ${SCHEMA}` })
  await connection.query({
    text: `
    CREATE TABLE IF NOT EXISTS ${SCHEMA}.migration (
      version integer NOT NULL PRIMARY KEY,
      applied_at timestamptz NOT NULL DEFAULT clock_timestamp()
    )`,
  })
  const { rows } = await connection.query({
    text: `SELECT coalesce(max(version), 0) FROM ${SCHEMA}.migration`,
  })
  return Number(rows[0]?.[0])
}
