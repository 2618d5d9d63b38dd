import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { Client } from 'pg'
import { Connection } from '../../../src/store/postgres/connection.ts'
import { connectionConfig } from '../../../src/store/postgres/connection-config.ts'
import { PARTITION_LOCK } from '../../../src/store/postgres/locks.ts'
import { Partitions } from '../../../src/store/postgres/partitions.ts'
import { accepted, HOUR, record, registered, settlement, T0 } from '../../contract/store/fixtures.ts'
import { postgresSkip } from '../../support/postgres-cluster.ts'
import { cleanUp } from '../sqlite/support.ts'
import { makeDatabase, makePostgresStore, openStore, sharedCluster } from './support.ts'

async function namesOf(url: string): Promise<string[]> {
  const database = new URL(url).pathname.slice(1)
  const rows = await (await sharedCluster()).query(
    `SELECT relname FROM pg_class WHERE relname LIKE 'trace\\_%' AND relkind = 'r' ORDER BY 1`,
    database,
  )
  return rows.map(({ relname }) => String(relname).replace('trace_', ''))
}

/** Not those of the present, which are there already. */
const isOurs = (name: string) => name.length < 12

function partitionsOf(url: string, widthMs: number): Partitions {
  return new Partitions({ widthMs, open: () => Connection.open(connectionConfig(url, 'maintain')) })
}

async function connect(t: TestContext, connectionString: string, options = ''): Promise<Client> {
  const client = new Client({ connectionString, options: `-c search_path=push_relay ${options}` })
  await client.connect()
  cleanUp(t, () => client.end())
  return client
}

describe('partitions of traces', { skip: postgresSkip }, () => {
  test('there is one for each instant, made once, whoever asks and with whatever width', async () => {
    const url = await makeDatabase()
    const nodes = [partitionsOf(url, 100), partitionsOf(url, 100), partitionsOf(url, 250)]
    await Promise.all(nodes.map(node => node.cover([1000, 1099, 1100])))
    await nodes[2]?.cover([1240, 1260])
    const names = (await namesOf(url)).filter(isOurs)
    const bounds = names.map(name => name.split('_').map(Number)).sort(([a = 0], [b = 0]) => a - b)
    for (const [index, [from]] of bounds.entries()) {
      if (index > 0) assert.equal(from, bounds[index - 1]?.[1], 'no gap, no overlap')
    }
    assert.equal(bounds[0]?.[0], 1000)
    assert((bounds.at(-1)?.[1] ?? 0) > 1260)
  })

  test('dropped when all of it was settled before, also what another node left half dropped', async () => {
    const url = await makeDatabase()
    const partitions = partitionsOf(url, 100)
    await partitions.cover([1000, 1100, 1200, 1300])
    const cluster = await sharedCluster()
    const database = new URL(url).pathname.slice(1)
    await cluster.query('ALTER TABLE push_relay.trace DETACH PARTITION push_relay.trace_1000_1100', database)
    const other = partitionsOf(url, 100)
    await other.cover([1399])
    assert.equal(await other.dropBefore(1299), 2)
    const left = (await namesOf(url)).filter(isOurs)
    assert.deepEqual(left, ['1200_1300', '1300_1400'])
    assert.equal(await other.dropBefore(1299), 0)
    assert.equal(await partitions.dropBefore(1299), 0, 'it knew of two that are gone')
  })

  test('one that was left half detached is finished first: PostgreSQL refuses another one until then', async t => {
    const url = await makeDatabase()
    const partitions = partitionsOf(url, 100)
    await partitions.cover([1000, 1100, 1200])
    const reader = await connect(t, url)
    await reader.query('BEGIN; SELECT FROM trace')
    const impatient = await connect(t, url, '-c statement_timeout=100')
    const detach = 'ALTER TABLE trace DETACH PARTITION trace_1100_1200 CONCURRENTLY'
    await assert.rejects(impatient.query(detach), { code: '57014' })
    await reader.query('COMMIT')
    assert.equal(await partitions.dropBefore(1200), 2)
    assert.deepEqual((await namesOf(url)).filter(isOurs), ['1200_1300'])
  })

  test('while another node makes or drops some, none is dropped, and that is no failure', async t => {
    const url = await makeDatabase()
    const partitions = partitionsOf(url, 100)
    await partitions.cover([1000])
    const other = await connect(t, url)
    await other.query('SELECT pg_advisory_lock($1)', [PARTITION_LOCK])
    assert.equal(await partitions.dropBefore(2000), 0)
    await other.query('SELECT pg_advisory_unlock($1)', [PARTITION_LOCK])
    assert.equal(await partitions.dropBefore(2000), 1)
  })

  test('a node that was stopped in the middle of making one: others do not wait for it forever', async t => {
    const url = await makeDatabase()
    const stopped = await connect(t, url)
    await stopped.query('SELECT pg_advisory_lock($1)', [PARTITION_LOCK])
    const partitions = partitionsOf(url, 100)
    await assert.rejects(partitions.cover([1000]), { code: '55P03' })
    await stopped.query('SELECT pg_advisory_unlock($1)', [PARTITION_LOCK])
    await partitions.cover([1000])
  })

  test('a message is settled also when its partition was dropped meanwhile, or its clock is far off', async t => {
    const harness = await makePostgresStore(t)
    const { store } = harness
    const phone = await registered(store)
    const settle = async (at: number) => {
      const { id } = await accepted(store)
      assert.equal(await store.settle(settlement(id, [{ record: record(id, phone) }], { at })), 'accepted')
      return id
    }
    await settle(T0)
    const other = await harness.join?.()
    await other?.purge(T0 + 24 * HOUR, 10)
    const again = await settle(T0 + 1)
    const future = await settle(T0 + 9999 * HOUR)
    for (const id of [again, future]) assert.equal((await store.message(id))?.state, 'accepted')
  })

  test('a message that is not settled outlives the partitions of its time', async t => {
    const url = await makeDatabase()
    const { store } = await openStore(t, { url, tracePartitionMs: HOUR })
    await registered(store)
    const { id } = await accepted(store, { receivedAt: T0, expiresAt: T0 + 9999 * HOUR })
    await store.purge(T0 + 999 * HOUR, 10)
    assert.equal((await store.message(id))?.state, 'pending')
  })
})
