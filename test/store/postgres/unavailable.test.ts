import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
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
import { PostgresCluster, postgresSkip } from '../../support/postgres-cluster.ts'
import { cleanUp } from '../sqlite/support.ts'
import { makeDatabase, next, openStore, sharedCluster, throughProxy } from './support.ts'

const isUnavailable = (reason: string) => ({ name: 'StoreUnavailableError', reason })

function nameOf(url: string): string {
  return new URL(url).pathname.slice(1)
}

describe('PostgreSQL fails', { skip: postgresSkip }, () => {
  test('all that arrives in one turn is one commit, and settles go with it', async t => {
    const { store, events } = await openStore(t, { url: await makeDatabase() })
    const phone = await registered(store)
    const commits: number[] = []
    events.on('store.commit', ({ operations }) => commits.push(operations))
    const receipts = await Promise.all(Array.from({ length: 300 }, () => accepted(store)))
    assert.deepEqual(commits, [300])
    await Promise.all([
      ...receipts.map(({ id }) => store.settle(settlement(id, [{ record: record(id, phone) }]))),
      accepted(store),
    ])
    assert.deepEqual(commits, [300, 301])
  })

  test('its server is restarted, or crashes: refused meanwhile, leases are kept, and it goes on by itself', async t => {
    const cluster = await PostgresCluster.start()
    cleanUp(t, () => cluster.destroy())
    const { url } = await cluster.createDatabase()
    const { store, events } = await openStore(t, { url })
    const phone = await registered(store)
    for (const how of ['fast', 'immediate'] as const) {
      const { id, revision } = await accepted(store)
      const unavailable = next(events, 'store.unavailable')
      await cluster.stop(how)
      await unavailable
      assert.deepEqual(store.health(), { writable: false, reason: 'unreachable' })
      assert.equal(store.isStale(ALICE, revision), true, 'nobody tells of changes')
      const refused = entry()
      await assert.rejects(store.accept([refused]), isUnavailable('unreachable'))
      await assert.rejects(store.registration(phone), isUnavailable('unreachable'))
      const recovered = next(events, 'store.recovered')
      await cluster.run()
      await recovered
      assert.deepEqual(store.health(), { writable: true })
      assert.equal(await store.message(refused.id), undefined)
      assert.deepEqual(await store.claimMessages(10), [], 'it is still leased')
      assert.equal(await store.settle(settlement(id, [{ record: record(id, phone) }])), 'accepted')
    }
  })

  test('an outage that is longer than a node may be silent: nobody is taken for dead afterwards', async t => {
    const cluster = await PostgresCluster.start()
    cleanUp(t, () => cluster.destroy())
    const { url } = await cluster.createDatabase()
    const mortal = { url, heartbeatMs: 100, deadAfterMs: 1_000 }
    const { store: one, events } = await openStore(t, mortal)
    const { store: other, events: others } = await openStore(t, mortal)
    const phone = await registered(one)
    const { id } = await accepted(one)
    const freed: unknown[] = []
    others.on('store.leases-freed', event => freed.push(event))
    await cluster.stop()
    await cluster.run()
    // As if it had been away for an hour.
    await cluster.query(
      `UPDATE push_relay.node SET heartbeat_at = heartbeat_at - interval '1 hour'`,
      nameOf(url),
    )
    const heard = [next(events, 'store.presence'), next(others, 'store.presence')]
    await Promise.all(heard)
    while (!other.health().writable || !one.health().writable) await turn()
    assert.deepEqual(await other.claimMessages(10), [])
    assert.equal(await one.settle(settlement(id, [{ record: record(id, phone) }])), 'accepted')
    assert.deepEqual(freed, [])
  })

  test('its connections are ended: what is under way is refused, what follows is not', async t => {
    const url = await makeDatabase()
    const { store } = await openStore(t, { url })
    await registered(store)
    const cluster = await sharedCluster()
    for (let round = 0; round < 3; round++) {
      await cluster.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${nameOf(url)}'`,
      )
      const receipts = await Promise.allSettled(Array.from({ length: 20 }, () => store.accept([entry()])))
      for (const receipt of receipts) {
        if (receipt.status === 'rejected') assert.equal(receipt.reason.name, 'StoreUnavailableError')
      }
      await accepted(store)
    }
  })

  test('the answer to a commit is lost: nobody is told 202, and what it leased is given back', async t => {
    const { proxy, url } = await throughProxy(t, await makeDatabase())
    const { store, events } = await openStore(t, { url })
    const phone = await registered(store)
    const kept = await accepted(store)
    const waiting = await waitingMessage(store)
    const unknown = entry({ dedupeKey: 'k' })
    const lost = proxy.loseAnswerTo('COMMIT')
    const calls = [store.accept([unknown]), store.claimDeliveries(SCOPE, T0 + 1000, 10)]
    const recovered = next(events, 'store.recovered')
    for (const call of await Promise.allSettled(calls)) {
      assert.equal(call.status, 'rejected')
      assert.equal(call.reason.name, 'StoreUnavailableError')
    }
    await lost
    await recovered
    assert.equal(store.isStale(ALICE, kept.revision), true)
    const [again] = await store.accept([{ ...unknown, id: entry().id }])
    assert.deepEqual(again, { status: 'duplicate', id: unknown.id }, 'it had been committed')
    const claimed = await store.claimMessages(10)
    assert.deepEqual(
      claimed.map(({ message }) => message.id),
      [unknown.id],
      'the other one is still ours',
    )
    const [delivery] = await store.claimDeliveries(SCOPE, T0 + 1000, 10)
    assert.equal(delivery?.message.id, waiting.id)
    assert.equal(await store.settle(settlement(kept.id, [{ record: record(kept.id, phone) }])), 'accepted')
  })

  test('it only reads, as a standby: refused, and it goes on once it may write', async t => {
    const url = await makeDatabase()
    const { store, events } = await openStore(t, { url })
    const phone = await registered(store)
    const cluster = await sharedCluster()
    const database = nameOf(url)
    await cluster.query(`ALTER DATABASE ${database} SET default_transaction_read_only = on`)
    await cluster.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${database}'`,
    )
    const unavailable = next(events, 'store.unavailable')
    await Promise.allSettled([store.accept([entry()])])
    await unavailable
    await assert.rejects(store.accept([entry()]), isUnavailable('read-only'))
    assert.deepEqual(store.health(), { writable: false, reason: 'read-only' })
    assert.deepEqual(await store.registrations(ALICE), [phone], 'reading goes on')
    const recovered = next(events, 'store.recovered')
    await cluster.query(`ALTER DATABASE ${database} RESET default_transaction_read_only`)
    await recovered
    await accepted(store)
  })

  test('it takes no connections, for a reason that we do not know: refused, and it goes on once it does', async t => {
    const url = await makeDatabase()
    const { store, events } = await openStore(t, { url })
    await registered(store)
    const cluster = await sharedCluster()
    const database = nameOf(url)
    const unavailable = next(events, 'store.unavailable')
    await cluster.query(`ALTER DATABASE ${database} ALLOW_CONNECTIONS false`)
    await cluster.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${database}'`,
    )
    await unavailable
    await Promise.allSettled([store.accept([entry()])])
    await assert.rejects(store.accept([entry()]), isUnavailable('refused'))
    const recovered = next(events, 'store.recovered')
    await cluster.query(`ALTER DATABASE ${database} ALLOW_CONNECTIONS true`)
    await recovered
    await accepted(store)
  })

  test('its disk is full: nothing of the batch is changed, the reason is known, and it goes on', async t => {
    const url = await makeDatabase()
    const { store } = await openStore(t, { url })
    await registered(store)
    const cluster = await sharedCluster()
    const database = nameOf(url)
    // With the code of a file that could not be extended; a disk of a test cannot be filled.
    await cluster.query(
      `CREATE FUNCTION push_relay.fail() RETURNS trigger LANGUAGE plpgsql AS
       $$ BEGIN RAISE EXCEPTION USING ERRCODE = '53100'; END $$;
       CREATE TRIGGER full_disk BEFORE INSERT ON push_relay.outbox FOR EACH ROW EXECUTE FUNCTION push_relay.fail()`,
      database,
    )
    const refused = entry({ dedupeKey: 'k' })
    const [one, other] = await Promise.allSettled([
      store.accept([refused]),
      store.replaceSecret('name', undefined, 'value'),
    ])
    assert.equal(one.status, 'rejected')
    assert.equal(other.status, 'rejected')
    await assert.rejects(store.accept([refused]), isUnavailable('disk-full'))
    assert.deepEqual(store.health(), { writable: false, reason: 'disk-full' })
    assert.equal(await store.secret('name'), undefined)
    await cluster.query('DROP TRIGGER full_disk ON push_relay.outbox', database)
    const [receipt] = await store.accept([refused])
    assert.equal(receipt?.status, 'queued', 'its key was forgotten')
    assert.deepEqual(store.health(), { writable: true })
  })

  test('others are in the way: deadlocks and conflicts are tried again, and nobody is told', async t => {
    const url = await makeDatabase()
    const { store } = await openStore(t, { url })
    await registered(store)
    const cluster = await sharedCluster()
    await cluster.query(
      `CREATE SEQUENCE push_relay.tries;
       CREATE FUNCTION push_relay.fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
         CASE nextval('push_relay.tries')
         WHEN 1 THEN RAISE EXCEPTION USING ERRCODE = '40001';
         WHEN 2 THEN RAISE EXCEPTION USING ERRCODE = '40P01';
         WHEN 3 THEN RAISE EXCEPTION USING ERRCODE = '55P03';
         ELSE RETURN NEW; END CASE; END $$;
       CREATE TRIGGER conflict BEFORE INSERT ON push_relay.outbox FOR EACH ROW EXECUTE FUNCTION push_relay.fail()`,
      nameOf(url),
    )
    const [one, other] = await Promise.all([accepted(store, { dedupeKey: 'a' }), accepted(store)])
    assert.notEqual(one.id, other.id)
    assert.equal((await store.outbox()).pending, 2)
  })
})
