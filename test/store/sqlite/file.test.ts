import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync, realpathSync, statSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { TestContext } from 'node:test'
import { test } from 'node:test'
import { systemClock } from '../../../src/domain/clock.ts'
import { checkStore } from '../../../src/store/sqlite/check-store.ts'
import { openForWriting } from '../../../src/store/sqlite/open-file.ts'
import { resolveFile } from '../../../src/store/sqlite/resolve-file.ts'
import { MIGRATIONS } from '../../../src/store/sqlite/schema.ts'
import { createSqliteStore } from '../../../src/store/sqlite/sqlite-store.ts'
import { createEvents } from '../../../src/telemetry/events.ts'
import { accepted, registered } from '../../contract/store/fixtures.ts'
import { openStore, temporaryDirectory } from './support.ts'

test('commits are durable, and deleted text is overwritten', async t => {
  const db = openForWriting(join(await temporaryDirectory(t), 'relay.db'))
  t.after(() => db.close())
  const pragma = (name: string) => db.prepare(`PRAGMA ${name}`).get()?.[name]
  assert.equal(pragma('journal_mode'), 'wal')
  assert.equal(pragma('synchronous'), 2, 'FULL: every commit is flushed')
  assert.equal(pragma('secure_delete'), 1)
  assert.equal(pragma('user_version'), MIGRATIONS.length)
})

test('only the owner can read the files', async t => {
  const path = join(await temporaryDirectory(t), 'data', 'relay.db')
  const { store } = await openStore(t, { path })
  await registered(store)
  assert.equal(statSync(dirname(path)).mode & 0o777, 0o700)
  for (const suffix of ['', '-wal', '-shm', '.lock']) {
    assert.equal(statSync(path + suffix).mode & 0o777, 0o600, suffix)
  }
})

test('one process per file: a second one is told in one line', async t => {
  const { path, store } = await openStore(t)
  const child = spawnSync(process.execPath, [join(import.meta.dirname, 'open-child.ts'), path], {
    encoding: 'utf8',
  })
  assert.match(child.stdout, /^refused: .*relay\.db is in use by another process .*\n$/)
  await assert.rejects(openStore(t, { path }), /in use by another process/)
  await registered(store)
  await store.close()
  const next = await openStore(t, { path })
  assert.equal((await accepted(next.store)).registrations.length, 1)
})

test('one process per file, also under the name of a link', async t => {
  const { path } = await openStore(t)
  const link = join(await temporaryDirectory(t), 'link.db')
  symlinkSync(path, link)
  await assert.rejects(openStore(t, { path: link }), /in use by another process/)
})

test('a link to a file, or into a directory, that is not there yet is followed', async t => {
  const directory = realpathSync(await temporaryDirectory(t))
  const file = join(directory, 'not yet', 'relay.db')
  symlinkSync(join('not yet', 'relay.db'), join(directory, 'link.db'))
  symlinkSync('not yet', join(directory, 'link'))
  symlinkSync('loop', join(directory, 'loop'))
  assert.equal(resolveFile(join(directory, 'link.db')), file)
  assert.equal(resolveFile(join(directory, 'link', 'relay.db')), file)
  assert.equal(resolveFile(join(directory, 'loop')), join(directory, 'loop'))
  const { store } = await openStore(t, { path: join(directory, 'link.db') })
  await registered(store)
  assert.equal(statSync(`${file}.lock`).mode & 0o777, 0o600)
})

/** Opening must fail with this reason and leave every byte as it was. */
async function assertRefused(path: string, reason: RegExp): Promise<void> {
  const before = readFileSync(path)
  const store = createSqliteStore({ path, dedupeWindowMs: 1, clock: systemClock, events: createEvents() })
  await assert.rejects(store.open(), reason)
  await store.close()
  assert.deepEqual(readFileSync(path), before)
  const check = await checkStore(path)
  assert(!check.ok)
  assert.match(check.problem, reason)
}

async function filledStore(t: TestContext): Promise<string> {
  const { path, store } = await openStore(t)
  await registered(store)
  for (let i = 0; i < 200; i++) await accepted(store)
  await store.close()
  return path
}

test('a damaged file is refused and left as it is', async t => {
  const path = await filledStore(t)
  const file = readFileSync(path)
  file.fill(0xaa, 8192, 16384)
  writeFileSync(path, file)
  await assertRefused(path, /relay\.db cannot be used: .*(damaged|malformed)/)
})

test('a truncated file is refused and left as it is', async t => {
  const path = await filledStore(t)
  truncateSync(path, 50)
  await assertRefused(path, /relay\.db cannot be used: .*(damaged|malformed)/)
})

test('a file that is no database is refused and left as it is', async t => {
  const path = join(await temporaryDirectory(t), 'relay.db')
  writeFileSync(path, 'Dear diary, '.repeat(1000), { mode: 0o644 })
  await assertRefused(path, /relay\.db cannot be used: file is not a database/)
  assert.equal(statSync(path).mode & 0o777, 0o644)
})

test('the database of another program is refused and left as it is', async t => {
  const path = join(await temporaryDirectory(t), 'relay.db')
  const foreign = new DatabaseSync(path)
  foreign.exec('CREATE TABLE precious (value TEXT)')
  foreign.close()
  await assertRefused(path, /is a database of another program/)
})

test('a file of a newer release is refused and left as it is', async t => {
  const path = await filledStore(t)
  const db = new DatabaseSync(path)
  db.exec(`PRAGMA user_version = ${MIGRATIONS.length + 1}`)
  db.close()
  await assertRefused(path, /written by a newer release/)
})

test('a file that cannot be written is refused with its reason', async t => {
  const path = await filledStore(t)
  const file = readFileSync(path)
  // A write version above 2 means "read only" to SQLite: https://www.sqlite.org/fileformat.html#file_format_version_numbers
  file[18] = 3
  writeFileSync(path, file)
  const store = createSqliteStore({ path, dedupeWindowMs: 1, clock: systemClock, events: createEvents() })
  await assert.rejects(store.open(), /readonly database/)
  await store.close()
})

test('a killed first start leaves a file that opens', async t => {
  const path = join(await temporaryDirectory(t), 'relay.db')
  writeFileSync(path, '')
  const { store } = await openStore(t, { path })
  await registered(store)
})

test('a file of this release keeps what is there', async t => {
  const db = openForWriting(await filledStore(t))
  t.after(() => db.close())
  assert.equal(db.prepare('SELECT count(*) AS n FROM message').get()?.n, 200)
})

test('checkStore: sums up a sound file, also beside a running relay', async t => {
  const { path, store } = await openStore(t)
  await registered(store)
  await accepted(store)
  const check = await checkStore(path)
  assert(check.ok)
  assert.match(check.summary, /1 messages, 0 waiting deliveries, 1 registrations/)
  assert.deepEqual(await checkStore(`${path}-not`), { ok: false, problem: `${path}-not does not exist` })
})
