import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DeliveryRecord } from '../../src/domain/delivery.ts'
import { deliveryId } from '../../src/domain/delivery.ts'
import { postgresSkip } from '../support/postgres-cluster.ts'
import { type RelayCluster, startRelayCluster } from '../support/relay-cluster.ts'
import type { RelayProcess } from '../support/relay-process.ts'
import { BalancedLoad } from './balanced-load.ts'

const RECIPIENTS = Array.from({ length: 50 }, (_, index) => `user${index}@localhost`)

test('nodes die, freeze and come back, and PostgreSQL restarts: every 202 is pushed, repeated only what was under way', {
  skip: postgresSkip,
}, async t => {
  const cluster = await startRelayCluster(t, { nodes: 3 })
  const { apple, database, witness, nodes } = cluster
  const [a, b, c] = nodes as [RelayProcess, RelayProcess, RelayProcess]
  const { simulator } = apple
  const devices = await registerPhones(a)
  const load = new BalancedLoad(nodes, RECIPIENTS)
  // Slow answers keep many attempts in flight when a process dies.
  simulator.faults.add({ action: 'delay', delayMs: 20 })

  /** Incarnations that must have begun, and that must be dead. */
  const expected = { begun: nodes.length, dead: 0 }
  const restart = async (node: RelayProcess, signal: 'SIGKILL' | 'SIGTERM' = 'SIGKILL') => {
    await node.kill(signal)
    expected.dead++
    load.leaveOut(node)
    await node.run()
    expected.begun++
    load.takeIn(node)
  }
  const freeze = async (node: RelayProcess) => {
    node.freeze()
    expected.dead++
    load.leaveOut(node)
  }
  const thaw = async (node: RelayProcess) => {
    node.thaw()
    expected.begun++
    load.takeIn(node)
  }
  const restartDatabase = (how: 'fast' | 'immediate') => {
    const isBack = database.restart(how)
    load.holdRepeats(isBack)
    return isBack
  }
  const everybodyKnows = () =>
    witness.until(({ begun, dead }) => begun >= expected.begun && dead >= expected.dead)

  await load.during(3000, () => restart(a))
  await load.during(2000, () => freeze(b))
  await load.during(3000, () => restart(c).then(() => restart(a)))
  await everybodyKnows()
  await load.during(2000, () => thaw(b))
  await everybodyKnows()
  await load.during(3000, () => restartDatabase('fast'))
  await load.during(3000, () => Promise.all([restart(b), restartDatabase('immediate')]))
  await load.during(1500, () => freeze(c))
  await load.during(1500, () => restart(a, 'SIGTERM').then(() => restart(b)))
  await everybodyKnows()
  await load.during(1000, () => thaw(c))
  await everybodyKnows()
  await allSettled(a)

  const ids = new Map(Array.from(load.accepted, ([id, to]) => [deliveryIdOf(id, to, devices), id]))
  const { dead } = await witness.incarnations()
  const inFlight = await witness.inFlight()
  const repeated = simulator.pushedIds.repeated()
  const retried = await messagesRetried(
    cluster,
    repeated.map(([apnsId]) => ids.get(apnsId) ?? ''),
  )
  const { received, refusals, ids: pushed } = simulator.stats()
  t.diagnostic(
    `${load.accepted.size} messages accepted; posts: ${JSON.stringify(load.counts)}; ` +
      `${dead} incarnations died with ${inFlight.size} messages in flight; ` +
      `${received} pushes, ${repeated.length} ids more than once, ${retried.size} of them after an attempt that failed`,
  )

  assert.equal(load.accepted.size, 20_000)
  assert.equal(ids.size, 20_000)
  assert.deepEqual(
    [...ids.keys()].filter(apnsId => simulator.pushedIds.count(apnsId) === 0),
    [],
    'lost',
  )
  assert.deepEqual(
    pushed,
    { distinct: 20_000, repeated: repeated.length, forgotten: 0 },
    'pushed, and never posted',
  )
  const unexplained = repeated.filter(([apnsId]) => {
    const id = ids.get(apnsId) ?? ''
    return !inFlight.has(id) && !retried.has(id)
  })
  assert.deepEqual(unexplained, [], 'repeated although nobody who had it died')
  assert.deepEqual(await settledTraces(cluster), {
    rows: 20_000,
    messages: 20_000,
    accepted: 20_000,
    waiting: 0,
  })
  assert.equal(dead, expected.dead, 'a node that was alive was declared dead')
  assert.deepEqual(refusals, {})
  assert.ok(
    inFlight.size > 0 && repeated.length > 0,
    'nothing was under way when a node died: this run shows nothing',
  )
  assert.ok(
    load.counts.unanswered > 0 && load.counts.refused > 0,
    'no sender noticed: this run shows nothing',
  )
})

/** The device of each recipient. */
async function registerPhones(node: RelayProcess): Promise<Map<string, string>> {
  const devices = new Map<string, string>()
  for (const recipient of RECIPIENTS) devices.set(recipient, (await node.registerPhone(recipient)).device)
  return devices
}

function deliveryIdOf(id: string, recipient: string, devices: ReadonlyMap<string, string>): string {
  return deliveryId(id, { recipient, device: devices.get(recipient) ?? '', kind: 'alert' })
}

// Each question is a round trip in which the nodes can go on.
async function allSettled(node: RelayProcess): Promise<void> {
  for (;;) {
    const health = (await (await node.request('GET', '/health')).json()) as { outbox?: { pending: number } }
    if (health.outbox?.pending === 0) return
  }
}

/** Which of these had an attempt that failed before the one that was taken. */
async function messagesRetried({ witness }: RelayCluster, ids: readonly string[]): Promise<Set<string>> {
  const rows = await witness.query(
    'SELECT id, deliveries FROM push_relay.trace WHERE id = ANY ($1::uuid[])',
    [ids],
  )
  const isRetried = (text: string) =>
    (JSON.parse(text) as DeliveryRecord[]).some(({ attempts }) => attempts.length > 1)
  return new Set(rows.filter(row => isRetried(String(row.deliveries))).map(row => String(row.id)))
}

async function settledTraces({ witness }: RelayCluster): Promise<Record<string, unknown>> {
  const [counts = {}] = await witness.query(
    `SELECT count(*)::int AS rows, count(DISTINCT id)::int AS messages,
      (count(*) FILTER (WHERE state = 'accepted'))::int AS accepted,
      (SELECT count(*)::int FROM push_relay.outbox) AS waiting FROM push_relay.trace`,
  )
  return counts
}
