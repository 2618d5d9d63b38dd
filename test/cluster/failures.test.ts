import assert from 'node:assert/strict'
import { after, describe, it, type TestContext } from 'node:test'
import { Client } from 'pg'
import { cleanUp } from '../store/sqlite/support.ts'
import { BreakableProxy } from '../support/breakable-proxy.ts'
import type { ClusterWitness } from '../support/cluster-witness.ts'
import { PostgresCluster, postgresSkip } from '../support/postgres-cluster.ts'
import { startRelayCluster } from '../support/relay-cluster.ts'
import { HOOK_TOKEN, Phone, type RelayProcess } from '../support/relay-process.ts'
import { BalancedLoad } from './balanced-load.ts'

const BOB = 'bob@localhost'

describe('PostgreSQL fails', { skip: postgresSkip }, () => {
  let shared: Promise<PostgresCluster> | undefined
  after(async () => (await shared)?.destroy())

  /** Nodes with a database of the test's own, in the one server of this file. */
  async function start(t: TestContext, nodes: number, changeUrl = (url: string) => url) {
    const cluster = await startRelayCluster(t, { nodes, database: await server(), changeUrl })
    return { ...cluster, relay: cluster.nodes[0] as RelayProcess, other: cluster.nodes[1] as RelayProcess }
  }

  function server(): Promise<PostgresCluster> {
    shared ??= PostgresCluster.start()
    return shared
  }

  it('refuses connections for a while: 503, down, and all goes on without a restart', async t => {
    const { database, relay, apple } = await start(t, 1)
    const phone = await relay.registerPhone(BOB)
    apple.simulator.refuseConnections()
    assert.equal((await post(relay, 'accepted-before')).status, 202)

    await database.stop()
    cleanUp(t, async () => {
      if (database.pid === 0) await database.run()
    })
    const refused = await post(relay, 'meanwhile')
    const health = await healthOf(relay)
    await apple.simulator.acceptConnections()

    assert.deepEqual(refused, { status: 503, said: 'RELAY_UNAVAILABLE', mayRetry: true })
    assert.deepEqual([health.status, health.store], ['down', { writable: false, reason: 'unreachable' }])
    assert.equal((await fetch(`${relay.url}/health/live`)).status, 200)

    await database.run()
    await untilOk(relay)
    assert.equal((await post(relay, 'meanwhile')).said, 'queued')
    await phone.shows('accepted-before')
    await phone.shows('meanwhile')
    await untilSettled(relay)
    assert.deepEqual(await relay.messages(BOB).then(states), ['accepted', 'accepted'])
    assert.equal(apple.simulator.stats().ids.repeated, 0)
  })

  it('ends every connection, again and again: nothing is lost, and nothing pushed twice', async t => {
    const { witness, nodes, relay, apple } = await start(t, 2)
    await relay.registerPhone(BOB)
    const load = new BalancedLoad(nodes, [BOB])
    const endAll = async () => {
      const rows = await witness.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE application_name LIKE 'push-relay%' AND datname = current_database()`,
      )
      assert.ok(rows.length > 0)
    }

    for (let round = 0; round < 5; round++) await load.during(200, endAll)
    await untilSettled(relay)

    t.diagnostic(JSON.stringify(load.counts))
    assert.equal(load.accepted.size, 1000)
    assert.deepEqual(apple.simulator.stats().ids, { distinct: 1000, repeated: 0, forgotten: 0 })
    assert.equal((await witness.incarnations()).dead, 0)
  })

  it('sees a deadlock, or that it cannot serialise: the batch is tried again, and the sender notices nothing', async t => {
    const isolation = '?options=-c%20default_transaction_isolation%3Drepeatable%5C%20read'
    const { database, witness, relay } = await start(t, 1, url => url + isolation)
    await relay.registerPhone(BOB)
    await Promise.all([post(relay, 'one'), post(relay, 'two')])
    await untilSettled(relay)
    const keys = await witness.query('SELECT key FROM push_relay.duplicate ORDER BY key')
    const [first, second] = await Promise.all([session(t, witness), session(t, witness)])
    const hold = 'UPDATE push_relay.duplicate SET at = at WHERE key = $1'
    const batchWaits = async () => {
      const waiting = `SELECT FROM pg_stat_activity WHERE application_name = 'push-relay write' AND wait_event_type = 'Lock'
        AND datname = current_database()`
      while ((await witness.query(waiting)).length === 0);
    }

    await first.query(hold, [keys[0]?.key])
    await second.query(hold, [keys[1]?.key])
    const posted = postAll(relay, ['one', 'two'])
    await batchWaits()
    // The last who begins to wait finds the deadlock, and gives way: that is to be the relay.
    const isDeadlocked = second.query('SELECT FROM push_relay.node FOR UPDATE')
    await first.query('ROLLBACK')
    await isDeadlocked
    await second.query('ROLLBACK')
    assert.deepEqual(await posted, ['duplicate', 'duplicate'])
    assert.match(database.log, /ERROR: +deadlock detected/)

    await first.query(`BEGIN; ${hold.replace('$1', `'${keys[0]?.key}'`)}`)
    const again = postAll(relay, ['one', 'two'])
    await batchWaits()
    await first.query('COMMIT')
    assert.deepEqual(await again, ['duplicate', 'duplicate'])
    assert.match(database.log, /ERROR: +could not serialize access/)
  })

  it('cannot be reached through a network that was cut: 503, down, and what arrives late is not lost', async t => {
    const network = await BreakableProxy.start((await server()).port)
    cleanUp(t, () => network.close())
    const { witness, relay, apple } = await start(t, 1, url => {
      const changed = new URL(url)
      changed.port = String(network.port)
      return changed.href
    })
    const phone = await relay.registerPhone(BOB)

    network.freeze()
    const refused = await post(relay, 'meanwhile')
    await until(async () => (await fetch(`${relay.url}/health`)).status === 503)
    // By now the relay has given up the connection on which the first one is still under way.
    await until(async () => (await post(relay, 'later')).said === 'RELAY_UNAVAILABLE')
    network.thaw()
    await untilOk(relay)
    const repeated = await post(relay, 'meanwhile')

    assert.deepEqual([refused.status, refused.mayRetry], [503, true])
    assert.equal(repeated.status, 202)
    await phone.shows('meanwhile')
    await untilSettled(relay)
    assert.deepEqual(await relay.messages(BOB).then(states), ['accepted'])
    assert.equal(apple.simulator.stats().received, 1)
    assert.equal((await witness.incarnations()).begun, 1)
  })

  it('only reads: 503, down, and all goes on when it writes again', async t => {
    const { database, relay } = await start(t, 1)
    const phone = await relay.registerPhone(BOB)
    const setReadOnly = async (isReadOnly: boolean) => {
      await database.query(`ALTER SYSTEM SET default_transaction_read_only = ${isReadOnly}`)
      await database.query('SELECT pg_reload_conf()')
    }

    await setReadOnly(true)
    cleanUp(t, () => setReadOnly(false))
    await until(async () => (await post(relay, 'first')).status === 503)
    const health = await healthOf(relay)
    assert.deepEqual([health.status, health.store], ['down', { writable: false, reason: 'read-only' }])

    await setReadOnly(false)
    await untilOk(relay)
    assert.equal((await post(relay, 'second')).said, 'queued')
    await phone.shows('second')
  })
})

describe('two nodes', { skip: postgresSkip }, () => {
  it('one is frozen until it is dead to the other: back again, it sends nothing and notes nothing', async t => {
    const { witness, apple, nodes } = await startRelayCluster(t, { nodes: 2 })
    const [frozen, other] = nodes as [RelayProcess, RelayProcess]
    const { simulator } = apple
    const phone = await frozen.registerPhone(BOB)
    // The first answer finds its node frozen, with all that it has not sent yet. The second is none: that message is in the
    // hands of the other node when the first one comes back.
    simulator.faults.add({ action: 'delay', delayMs: 3000, times: 1 })
    simulator.faults.add({ action: 'hang', times: 1 })
    await postAll(
      frozen,
      Array.from({ length: 30 }, (_, index) => `message ${index}`),
    )
    await simulator.until(({ requests }) => requests >= 1)

    frozen.freeze()
    const frozenAt = Date.now()
    await witness.until(({ dead }) => dead === 1)
    await simulator.until(({ ids, strikes }) => ids.distinct === 30 && strikes === 2)
    await until(async () => (await healthOf(other)).outbox?.pending === 1)
    frozen.thaw()
    await witness.until(({ begun }) => begun === 3)
    await until(async () => /^relay_deliveries_in_memory 0$/m.test(await metricsOf(frozen)))

    simulator.dropConnections()
    await untilSettled(other)
    const repeated = simulator.pushedIds.repeated()
    assert.deepEqual(
      repeated.map(([, times]) => times),
      [2],
    )
    for (const { id } of await other.messages(BOB)) {
      const attempts = (await traceOf(other, id)).deliveries.flatMap(delivery => delivery.attempts)
      assert.equal(attempts.filter(({ outcome }) => outcome === 'accepted').length, 1)
      assert.ok(
        attempts.every(({ at }) => Date.parse(at) > frozenAt),
        'an attempt of the dead was noted',
      )
    }
    assert.equal((await post(frozen, 'more')).said, 'queued')
    await phone.shows('more')
  })

  it('one registers a phone anew: the other, which has a message for it in memory, sends it to the new address', async t => {
    const { witness, apple, nodes } = await startRelayCluster(t, { nodes: 2 })
    const [sending, registering] = nodes as [RelayProcess, RelayProcess]
    const { simulator } = apple
    const former = await sending.registerPhone(BOB)
    await post(sending, 'one')
    await former.shows('one')
    simulator.faults.add({ action: 'hang', times: 1 })
    assert.equal((await post(sending, 'two')).said, 'queued')
    await simulator.until(({ strikes }) => strikes === 1)

    const token = 'ab'.repeat(32)
    const body = JSON.stringify({ recipient: BOB, provider: 'apns', token })
    assert.equal((await registering.request('PUT', `/v1/devices/${former.device}`, body)).status, 200)
    // A heartbeat that is answered shows that what was changed before has been heard.
    const changedAt = await witness.now()
    await witness.until(({ heardAt }) => heardAt > changedAt)
    // All but the first is told to come again, which it does at once, from memory.
    simulator.goaway({ lastStreamId: 1 })

    await simulator.received(2)
    const renewed = new Phone(simulator, token, former.device)
    assert.deepEqual([former.stanzaIds, renewed.stanzaIds], [['one'], ['two']])
  })
})

interface Health {
  status: string
  store: unknown
  outbox?: { pending: number }
}

interface Trace {
  deliveries: { attempts: { at: string; outcome: string }[] }[]
}

function postTo(relay: RelayProcess, body: unknown): Promise<Response> {
  return fetch(`${relay.url}/v1/messages`, {
    method: 'POST',
    headers: { authorization: `Bearer ${HOOK_TOKEN}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
}

function message(id: string) {
  return { to: BOB, from: 'alice@localhost', body: 'hello', id }
}

async function post(relay: RelayProcess, id: string) {
  const response = await postTo(relay, message(id))
  const answer = (await response.json()) as { code?: string; status: string }
  const mayRetry = response.headers.has('retry-after')
  return { status: response.status, said: answer.code ?? answer.status, mayRetry }
}

async function postAll(relay: RelayProcess, ids: readonly string[]): Promise<string[]> {
  const response = await postTo(relay, ids.map(message))
  const { results } = (await response.json()) as { results: { status: string }[] }
  return results.map(({ status }) => status)
}

/** A transaction of somebody else. */
async function session(t: TestContext, { url }: ClusterWitness): Promise<Client> {
  const client = new Client({ connectionString: url })
  cleanUp(t, () => client.end())
  await client.connect()
  await client.query(`SET deadlock_timeout = '1min'; BEGIN`)
  return client
}

async function healthOf(relay: RelayProcess): Promise<Health> {
  return (await (await relay.request('GET', '/health')).json()) as Health
}

async function metricsOf(relay: RelayProcess): Promise<string> {
  return (await relay.request('GET', '/metrics')).text()
}

async function traceOf(relay: RelayProcess, id: string | undefined): Promise<Trace> {
  return (await (await relay.request('GET', `/v1/messages/${id}`)).json()) as Trace
}

// Each question is a round trip in which the relay can go on.
async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo()));
}

function untilOk(relay: RelayProcess): Promise<void> {
  return until(async () => (await fetch(`${relay.url}/health`)).status === 200)
}

function untilSettled(relay: RelayProcess): Promise<void> {
  return until(async () => (await healthOf(relay)).outbox?.pending === 0)
}

function states(messages: readonly { state: string }[]): string[] {
  return messages.map(({ state }) => state)
}
