import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { Client } from 'pg'
import { duplicateKey } from '../../../src/store/postgres/accept-entries.ts'
import { runBatch } from '../../../src/store/postgres/batch.ts'
import { Connection } from '../../../src/store/postgres/connection.ts'
import { connectionConfig } from '../../../src/store/postgres/connection-config.ts'
import { raiseFence } from '../../../src/store/postgres/fence.ts'
import { Incarnations } from '../../../src/store/postgres/incarnations.ts'
import type { Lease } from '../../../src/store/postgres/lease.ts'
import { toEntryRow } from '../../../src/store/shared/store-calls.ts'
import {
  ALICE,
  accepted,
  entry,
  record,
  registered,
  SCOPE,
  settlement,
  T0,
  waitingMessage,
} from '../../contract/store/fixtures.ts'
import { postgresSkip } from '../../support/postgres-cluster.ts'
import { cleanUp } from '../sqlite/support.ts'
import { makeDatabase, openStore, sharedCluster } from './support.ts'

/** A transaction of somebody else, which holds up ours until it ends. */
async function intruder(t: TestContext, url: string, text: string, values: unknown[]): Promise<Client> {
  const client = new Client({ connectionString: url, options: '-c search_path=push_relay' })
  await client.connect()
  cleanUp(t, () => client.end())
  await client.query('BEGIN')
  await client.query(text, values)
  return client
}

async function connect(t: TestContext, url: string): Promise<Connection> {
  const connection = await Connection.open(connectionConfig(url, 'write'))
  cleanUp(t, () => connection.close())
  return connection
}

/** Resolves when so many of our statements wait for a lock. */
async function waitingForLock(url: string, count = 1): Promise<void> {
  const database = new URL(url).pathname.slice(1)
  const cluster = await sharedCluster()
  for (let waiting = 0; waiting < count; ) {
    const [row] = await cluster.query(
      `SELECT count(*) FROM pg_stat_activity WHERE datname = '${database}' AND wait_event_type = 'Lock'`,
    )
    waiting = Number(row?.count)
  }
}

describe('what happens at the same time at several nodes', { skip: postgresSkip }, () => {
  test('a message that is accepted while its account is removed and created anew is not for the new one', async t => {
    const url = await makeDatabase()
    const { store: one } = await openStore(t, { url })
    const { store: other } = await openStore(t, { url })
    await registered(one)
    // The accept has read the registrations when it waits for whoever inserts the same key.
    const insert = 'INSERT INTO duplicate VALUES ($1, gen_random_uuid(), 0)'
    const client = await intruder(t, url, insert, [duplicateKey('k')])
    const accepting = one.accept([entry({ dedupeKey: 'k', leased: false })])
    await waitingForLock(url)
    await other.removeRecipient(ALICE, T0 + 1)
    await registered(other, { token: 'bb22', at: T0 + 2 })
    await client.query('ROLLBACK')
    const [receipt] = await accepting
    assert.equal(receipt?.status, 'queued')
    const [claimed] = await other.claimMessages(10)
    assert.equal(claimed?.message.id, receipt.id)
    assert.deepEqual(claimed?.registrations, [])
    const next = await accepted(other, { leased: false })
    const [forTheNew] = await one.claimMessages(10)
    assert.equal(forTheNew?.message.id, next.id)
    assert.equal(forTheNew?.registrations[0]?.token, 'bb22')
  })

  test('what another node is claiming is passed over, and not waited for', async t => {
    const url = await makeDatabase()
    const { store } = await openStore(t, { url })
    await registered(store)
    const [first, second] = [
      await accepted(store, { leased: false }),
      await accepted(store, { leased: false }),
    ]
    const [third, fourth] = [await waitingMessage(store), await waitingMessage(store)]
    const claim = async () => [
      ...(await store.claimMessages(1)),
      ...(await store.claimDeliveries(SCOPE, T0 + 1000, 1)),
    ]
    const ids = [first.id, third.id]
    const client = await intruder(t, url, 'UPDATE outbox SET lease = 7 WHERE id = ANY ($1)', [ids])
    await client.query('UPDATE delivery SET lease = 7 WHERE message_id = ANY ($1)', [ids])
    const claimed = (await claim()).map(({ message }) => message.id)
    assert.deepEqual(claimed, [second.id, fourth.id])
    await client.query('COMMIT')
    assert.deepEqual(await claim(), [])
  })

  test('a settle that waits while its node is taken for dead changes nothing', async t => {
    const url = await makeDatabase()
    const { store: one } = await openStore(t, { url })
    const phone = await registered(one)
    const { id } = await accepted(one)
    const client = await intruder(t, url, 'SELECT FROM outbox WHERE id = $1 FOR UPDATE', [id])
    const settling = one.settle(settlement(id, [{ record: record(id, phone) }]))
    await waitingForLock(url)
    // What another node does with a node that is dead; its own row is held by the settle.
    await client.query('UPDATE outbox SET lease = 0 WHERE id = $1', [id])
    await client.query('COMMIT')
    assert.equal(await settling, undefined)
    assert.equal((await one.message(id))?.state, 'pending')
  })

  test('a batch of a node that is void is refused as a whole, and made by the next incarnation', async t => {
    const url = await makeDatabase()
    const { store, events } = await openStore(t, { url })
    const phone = await registered(store)
    const before = await accepted(store)
    const lost: unknown[] = []
    events.on('store.leases-lost', event => lost.push(event))
    const client = await intruder(t, url, 'UPDATE node SET voided_at = now()', [])
    await client.query('COMMIT')
    const [receipt, settled] = await Promise.all([
      accepted(store),
      store.settle(settlement(before.id, [{ record: record(before.id, phone) }])),
    ])
    assert.equal(receipt.leased, true)
    assert.equal(settled, undefined)
    assert.equal(lost.length, 1)
    assert.equal(store.isStale(ALICE, before.revision), true)
    assert.equal(
      await store.settle(settlement(receipt.id, [{ record: record(receipt.id, phone) }])),
      'accepted',
    )
    await assert.doesNotReject(store.registration(phone))
  })

  test('a batch that is still on its way when its connection is given up is refused, and none after it', async t => {
    const url = await makeDatabase()
    const { store } = await openStore(t, { url })
    await registered(store)
    const [late, next] = [await connect(t, url), await connect(t, url)]
    const incarnations = new Incarnations(() => 0)
    await incarnations.begin(next)
    const commit = (connection: Connection, lease: Lease) => {
      const entries = [toEntryRow(entry({ recipient: ALICE }))]
      const surroundings = { lease, revision: 0, dedupeWindowMs: 0, channel: 'nobody', origin: 'us' }
      return runBatch(connection, [{ kind: 'accept', entries }], surroundings)
    }
    const lost = incarnations.nextLease()
    await raiseFence(next, incarnations, [lost])
    // It arrives after all.
    await assert.rejects(commit(late, lost), { code: 'PR001' })
    assert.equal((await store.outbox()).pending, 0)
    await commit(next, incarnations.nextLease())
    assert.equal((await store.outbox()).pending, 1)
  })
})
