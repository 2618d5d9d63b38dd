import { statSync } from 'node:fs'
import type { DatabaseSync } from 'node:sqlite'
import { lowestMessageId } from '../../domain/message-id.ts'
import type { MovedPage, MovedPosition, MovedRow, MovedTable } from '../shared/moved-tables.ts'
import { readPragma } from './migrate.ts'
import { checkFile, openForReading, RefusedError, takeLock } from './open-file.ts'
import { resolveFile } from './resolve-file.ts'
import { MIGRATIONS } from './schema.ts'
import { statementsOf } from './statements.ts'
import { PER_INCARNATION } from './write-context.ts'

/** A file that is moved elsewhere. Nobody else can open it meanwhile, and nothing in it is changed. */
export interface MoveSource {
  /** The same until a relay has used the file again. */
  readonly id: string
  /** Every version of a registration is lower, also of those that are gone. */
  readonly versionsBelow: number
  /** The keys of messages received since then are the recent ones; to be called first. */
  recentSince(instant: number): void
  count(table: MovedTable): number
  read(table: MovedTable, after: MovedPosition | undefined, limit: number): MovedPage
  close(): void
}

interface Selection {
  columns: string
  from: string
  key: readonly string[]
}

// A message waits for what its recipient's account is, and has been since its first registration.
const ACCOUNT = (recipient: string) =>
  `(SELECT ifnull(min(r.first_version), 0) FROM registration r WHERE r.recipient = ${recipient}) AS account`

const SELECTIONS: Record<MovedTable, Selection> = {
  secret: { columns: 'name, value', from: 'secret WHERE true', key: ['name'] },
  proven_scope: { columns: 'scope', from: 'proven_scope WHERE true', key: ['scope'] },
  registration: {
    columns: `recipient, device, kind, provider, token, app, environment, environment_source, name, locale, preview,
      registered_at, state, state_reason, strikes, last_accepted_at, version, first_version, shared,
      ${ACCOUNT('registration.recipient')}`,
    from: 'registration WHERE true',
    key: ['recipient', 'device', 'kind'],
  },
  registration_move: { columns: 'id, recipient, at', from: 'registration_move WHERE true', key: ['id'] },
  zeropush_device: {
    columns: 'token, recipient, badge, marked_inactive_at',
    from: 'zeropush_device WHERE true',
    key: ['token'],
  },
  zeropush_channel: {
    columns: 'channel, token',
    from: 'zeropush_channel WHERE true',
    key: ['channel', 'token'],
  },
  duplicate: { columns: 'key, message_id, at', from: 'recent_key WHERE true', key: ['key'] },
  delivery: {
    columns: 'message_id, device, kind, scope, run_at, expires_at, record',
    from: 'delivery WHERE true',
    key: ['message_id', 'device', 'kind'],
  },
  // In the order of acceptance, which an index of what is pending does not have.
  outbox: {
    columns: `rowid AS position, id, received_at, expires_at, stage, recipient, sender, type, reason, notes, deliveries, content,
      ${ACCOUNT('message.recipient')}`,
    from: 'message NOT INDEXED WHERE stage < 2',
    key: ['position'],
  },
}
const KEY_EXPRESSIONS: Record<string, string> = { position: 'rowid' }

// Of two messages with one key the later one began a new window.
const RECENT_KEYS = `
  CREATE TEMP TABLE recent_key (key TEXT NOT NULL PRIMARY KEY, message_id TEXT NOT NULL, at INTEGER NOT NULL) WITHOUT ROWID;
  INSERT INTO recent_key SELECT dedupe_key, max(id), received_at FROM message
  WHERE dedupe_key IS NOT NULL AND id >= '$from' GROUP BY dedupe_key`

/** Throws RefusedError, with words for the operator, unless this is a sound file of this release that nobody uses. */
export function openMoveSource(given: string): MoveSource {
  const path = resolveFile(given)
  if (statSync(path, { throwIfNoEntry: false }) === undefined)
    throw new RefusedError(`${path} does not exist`)
  const lock = takeLock(path)
  try {
    checkFile(path, 'start')
    const db = openForReading(path)
    const version = readPragma(db, 'user_version')
    if (version < MIGRATIONS.length) {
      db.close()
      throw new RefusedError(
        `${path} was written by an older release (format ${version}, now ${MIGRATIONS.length}): convert it with push-relay migrate`,
      )
    }
    return createSource(db, () => lock.close())
  } catch (error) {
    lock.close()
    throw error
  }
}

function createSource(db: DatabaseSync, unlock: () => void): MoveSource {
  const sql = statementsOf(db)
  db.exec('PRAGMA temp_store = FILE')
  const last = sql('SELECT id, started_at FROM incarnation ORDER BY id DESC LIMIT 1').get()
  const incarnation = Number(last?.id ?? 0)
  return {
    id: `sqlite ${incarnation} ${last?.started_at ?? 0}`,
    versionsBelow: (incarnation + 1) * PER_INCARNATION,
    recentSince: instant => db.exec(RECENT_KEYS.replace('$from', lowestMessageId(instant))),
    count: table => Number(sql(`SELECT count(*) AS n FROM ${SELECTIONS[table].from}`).get()?.n),
    read: (table, after, limit) => {
      const { columns, from, key } = SELECTIONS[table]
      const order = key.map(name => KEY_EXPRESSIONS[name] ?? name).join(', ')
      const beyond = after === undefined ? '' : `AND (${order}) > (${key.map(() => '?').join(', ')})`
      const statement = sql(`SELECT ${columns} FROM ${from} ${beyond} ORDER BY ${order} LIMIT ?`)
      const rows = statement.all(...(after === undefined ? [] : JSON.parse(after)), limit) as MovedRow[]
      const end = rows.length === limit ? rows.at(-1) : undefined
      return end === undefined ? { rows } : { rows, next: JSON.stringify(key.map(name => end[name])) }
    },
    close: () => {
      db.close()
      unlock()
    },
  }
}
