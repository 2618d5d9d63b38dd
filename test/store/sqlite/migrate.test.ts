import assert from 'node:assert/strict'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { migrate, readPragma } from '../../../src/store/sqlite/migrate.ts'
import { MIGRATIONS } from '../../../src/store/sqlite/schema.ts'
import { temporaryDirectory } from './support.ts'

// Each would fail, or change the rows, if it ran twice or before the one before it.
const FIRST = 'CREATE TABLE event (name TEXT NOT NULL) STRICT'
const SECOND =
  "ALTER TABLE event ADD COLUMN kind TEXT NOT NULL DEFAULT 'old'; INSERT INTO event (name) VALUES ('b')"
const THIRD = "UPDATE event SET kind = kind || '!'; CREATE INDEX event_by_kind ON event (kind)"

function rows(db: DatabaseSync): string[] {
  return db
    .prepare('SELECT name, kind FROM event ORDER BY name')
    .all()
    .map(({ name, kind }) => `${name} ${kind}`)
}

test('a database of an earlier format gets what it lacks, in order, once, and keeps its rows', () => {
  const db = new DatabaseSync(':memory:')
  migrate(db, [FIRST])
  assert.equal(readPragma(db, 'user_version'), 1)
  db.exec("INSERT INTO event (name) VALUES ('a')")

  migrate(db, [FIRST, SECOND, THIRD])
  assert.equal(readPragma(db, 'user_version'), 3)
  assert.deepEqual(rows(db), ['a old!', 'b old!'])

  migrate(db, [FIRST, SECOND, THIRD])
  assert.deepEqual(rows(db), ['a old!', 'b old!'])
  db.close()
})

test('a migration that fails leaves the format before it, whole', async t => {
  const path = join(await temporaryDirectory(t), 'relay.db')
  const db = new DatabaseSync(path)
  assert.throws(() => migrate(db, [FIRST, `${SECOND}; UPDATE missing SET x = 1`, THIRD]), /no such table/)
  db.close()

  const again = new DatabaseSync(path)
  assert.equal(readPragma(again, 'user_version'), 1)
  assert.equal(again.prepare('PRAGMA table_info(event)').all().length, 1)
  migrate(again, [FIRST, SECOND, THIRD])
  assert.deepEqual(rows(again), ['b old!'])
  again.close()
})

test('what this release knows makes a database from nothing', () => {
  const db = new DatabaseSync(':memory:')
  migrate(db, MIGRATIONS)
  assert.equal(readPragma(db, 'user_version'), MIGRATIONS.length)
  assert.equal(db.prepare('PRAGMA integrity_check').get()?.integrity_check, 'ok')
  db.close()
})
