import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { systemClock } from '../../../src/domain/clock.ts'
import { Connection } from '../../../src/store/postgres/connection.ts'
import { connectionConfig } from '../../../src/store/postgres/connection-config.ts'
import { checkServer, migrate } from '../../../src/store/postgres/migrate.ts'
import { createPostgresStore } from '../../../src/store/postgres/postgres-store.ts'
import { MIGRATIONS } from '../../../src/store/postgres/schema.ts'
import { createEvents } from '../../../src/telemetry/events.ts'
import { accepted, HOUR, record, registered, settlement } from '../../contract/store/fixtures.ts'
import { postgresSkip } from '../../support/postgres-cluster.ts'
import { cleanUp } from '../sqlite/support.ts'
import { openStore, sharedCluster } from './support.ts'

async function connect(t: TestContext, url: string): Promise<Connection> {
  const connection = await Connection.open(connectionConfig(url, 'maintain'))
  cleanUp(t, () => connection.close())
  return connection
}

async function openingFails(url: string): Promise<string> {
  const options = { url, dedupeWindowMs: HOUR, clock: systemClock, events: createEvents(), patienceMs: 0 }
  const store = createPostgresStore(options)
  try {
    await store.open()
  } catch (error) {
    return (error as Error).message
  } finally {
    await store.close()
  }
  throw new Error('it opened')
}

describe('PostgreSQL is opened', { skip: postgresSkip }, () => {
  test('four nodes start at once on an empty database', async t => {
    const { url, name } = await (await sharedCluster()).createDatabase()
    const stores = await Promise.all(
      Array.from({ length: 4 }, async () => (await openStore(t, { url })).store),
    )
    const [one, other] = stores
    assert(one && other)
    await registered(one)
    await accepted(other)
    const rows = await (await sharedCluster()).query('SELECT version FROM push_relay.migration', name)
    assert.deepEqual(
      rows.map(({ version }) => version),
      MIGRATIONS.map((_, index) => index + 1),
    )
  })

  test('each migration is made once, in order, and whole', async t => {
    const { url } = await (await sharedCluster()).createDatabase()
    const connection = await connect(t, url)
    const create = 'CREATE TABLE one (id integer)'
    assert.equal(await migrate(connection, [create]), 1)
    assert.equal(await migrate(connection, [create]), 0)
    const broken = 'CREATE TABLE two (id integer); INSERT INTO nowhere VALUES (1)'
    await assert.rejects(migrate(connection, [create, broken]))
    const added = 'INSERT INTO one VALUES (1)'
    assert.equal(await migrate(connection, [create, 'CREATE TABLE two (id integer)', added]), 2)
    const { rows } = await connection.query({ text: 'SELECT count(*) FROM one' })
    assert.deepEqual(rows, [[1]])
    await assert.rejects(migrate(connection, [create]), /migrated by a newer release \(format 3/)
  })

  test('what cannot be used is refused in words, without the password', async t => {
    const cluster = await sharedCluster()
    const { url, name } = await cluster.createDatabase()
    const wrong = new URL(url)
    wrong.password = 'wrong-password'
    assert.match(await openingFails(wrong.href), /28P01.*password authentication failed/)
    const missing = new URL(url)
    missing.pathname = '/nothing'
    assert.match(await openingFails(missing.href), /3D000.*does not exist/)
    const closed = new URL(url)
    closed.port = '1'
    assert.equal(await openingFails(closed.href), 'the database cannot be used: ECONNREFUSED')
    await cluster.query(`ALTER DATABASE ${name} SET synchronous_commit = off`)
    assert.match(await openingFails(url), /synchronous_commit and fsync must be on/)
    await cluster.query(`ALTER DATABASE ${name} RESET synchronous_commit`)
    const { store } = await openStore(t, { url })
    await store.close()
    await cluster.query('INSERT INTO push_relay.migration (version) VALUES (99)', name)
    assert.match(await openingFails(url), /newer release/)
    await cluster.query(`CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0`)
    assert.match(
      await openingFails(cluster.url('latin')),
      /encoding of this database is LATIN1: it must be UTF8/,
    )
  })

  test('a role that owns the schema, and may create no other, can do all of it', async t => {
    const cluster = await sharedCluster()
    const { url, name } = await cluster.createDatabase()
    await cluster.query(
      `CREATE ROLE tenant LOGIN PASSWORD 'tenant'; CREATE SCHEMA push_relay AUTHORIZATION tenant`,
      name,
    )
    const asTenant = new URL(url)
    asTenant.username = 'tenant'
    asTenant.password = 'tenant'
    const { store } = await openStore(t, { url: asTenant.href })
    const phone = await registered(store)
    const { id } = await accepted(store)
    assert.equal(await store.settle(settlement(id, [{ record: record(id, phone) }])), 'accepted')
    await store.purge(systemClock.now(), 1)
  })

  test('a server that is too old, or only a standby, is refused', async () => {
    const serverThatSays = (...settings: unknown[]) => ({
      query: async () => ({ rows: [settings], count: 1, command: 'SELECT' }),
    })
    const old = serverThatSays(140_019, '14.19', false, 'UTF8', 'on', 'on')
    await assert.rejects(checkServer(old), /PostgreSQL 14\.19 is too old: 15 or newer/)
    const standby = serverThatSays(150_000, '15.0', true, 'UTF8', 'on', 'on')
    await assert.rejects(checkServer(standby), /is a standby/)
    await checkServer(serverThatSays(150_000, '15.0', false, 'UTF8', 'on', 'on'))
  })

  test('one that does not answer yet is waited for', async t => {
    const { PostgresCluster } = await import('../../support/postgres-cluster.ts')
    const cluster = await PostgresCluster.start()
    cleanUp(t, () => cluster.destroy())
    await cluster.stop()
    const events = createEvents()
    const store = createPostgresStore({
      url: cluster.url(),
      dedupeWindowMs: HOUR,
      clock: systemClock,
      events,
    })
    cleanUp(t, () => store.close())
    const unavailable = new Promise<unknown>(resolve => events.on('store.unavailable', resolve))
    const opening = store.open()
    assert.deepEqual(await unavailable, { reason: 'unreachable' })
    await cluster.run()
    await opening
    await registered(store)
  })
})
