import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import type { Outcome } from '../../src/domain/outcome.ts'
import { DAY_MS, startDispatch } from '../support/dispatch-harness.ts'

const SCOPE = 'apns/K/production'
const ACCEPTED: Outcome = { kind: 'accepted', status: 200 }
const REFUSED: Outcome = { kind: 'unsent', scope: SCOPE, retryNow: false, reason: 'ECONNREFUSED' }
const REVOKED: Outcome = { kind: 'blocked', scope: SCOPE, status: 403, reason: 'InvalidProviderToken' }

const WINDOW = 100
const MESSAGES = 3000
const PER_POST = 60
/** Longer than any wait between probes. */
const BETWEEN_PROBES_MS = 300_000

/** Thirty times as many messages as fit into memory, posted while the provider answers `outcome`; all of them wait. */
async function startLongOutage(t: TestContext, outcome: Outcome) {
  const settled = new Map<string, number>()
  const harness = await startDispatch(t, {
    windowDeliveries: WINDOW,
    wrapStore: store => ({
      ...store,
      settle: settlement => {
        settled.set(settlement.messageId, (settled.get(settlement.messageId) ?? 0) + 1)
        return store.settle(settlement)
      },
    }),
  })
  const { provider, events, dispatcher, register, post, seen } = harness
  await register()
  provider.script = () => outcome
  let mostInMemory = 0
  const look = () => {
    mostInMemory = Math.max(mostInMemory, dispatcher.inMemory())
  }
  for (const name of ['message.accepted', 'attempt.finished', 'message.settled'] as const)
    events.on(name, look)
  const parked = seen('message.settled', MESSAGES, ({ state }) => state === 'pending')
  const ids: string[] = []
  for (let posted = 0; posted < MESSAGES; posted += PER_POST) {
    ids.push(...(await post(...Array.from({ length: PER_POST }, () => ({})))))
    look()
  }
  await parked
  return { ...harness, ids, settled, mostInMemory: () => mostInMemory }
}

type Outage = Awaited<ReturnType<typeof startLongOutage>>

/** Lets `count` probes fail, hours in all; answers how many transactions the store was asked for meanwhile. */
async function failProbes({ provider, clock, events }: Outage, count: number): Promise<number> {
  let commits = 0
  const off = events.on('store.commit', () => commits++)
  const before = provider.pushes.length
  for (let probe = 1; probe <= count; probe++) {
    await new Promise(setImmediate)
    clock.advance(BETWEEN_PROBES_MS)
    await provider.pushed(before + probe)
  }
  // What a probe would have had written is asked for by now.
  await new Promise(setImmediate)
  off()
  return commits
}

describe('many more messages than memory holds, during a long outage', () => {
  for (const outcome of [REFUSED, REVOKED]) {
    const isKept = outcome === REFUSED
    const written = isKept ? 'nothing is' : 'only what each probe came to is'
    it(`${outcome.kind}: they wait on disk, ${written} written about them meanwhile, all are delivered afterwards`, async t => {
      const outage = await startLongOutage(t, outcome)
      const { provider, clock, dispatcher, ids, settled, seen } = outage
      assert.ok(outage.mostInMemory() <= WINDOW, `${outage.mostInMemory()} deliveries in memory`)
      assert.deepEqual([settled.size, Math.max(...settled.values())], [MESSAGES, 1])

      // The first one fetches its message.
      await failProbes(outage, 1)
      const attempts = provider.pushes.length
      const commits = await failProbes(outage, 40)
      assert.ok(isKept ? commits === 0 : commits <= 80, `${commits} commits`)
      assert.equal(provider.pushes.length, attempts + 40)
      assert.ok(dispatcher.inMemory() <= 1)
      assert.equal(Math.max(...settled.values()), isKept ? 1 : 2)

      const tried = new Set(provider.pushes.map(({ notification }) => notification.chat.id))
      provider.script = () => ACCEPTED
      provider.pushes.length = 0
      const done = seen('message.settled', MESSAGES, ({ state }) => state === 'accepted')
      await new Promise(setImmediate)
      clock.advance(BETWEEN_PROBES_MS)
      await done
      assert.ok(outage.mostInMemory() <= WINDOW, `${outage.mostInMemory()} deliveries in memory`)
      assert.equal(dispatcher.inMemory(), 0)
      const pushed = provider.pushes.map(({ notification }) => notification.chat.id)
      assert.deepEqual(pushed.toSorted(), ids.toSorted())
      const untried = pushed.filter(id => !tried.has(id))
      assert.deepEqual(untried, untried.toSorted())
    })
  }

  it('a process that starts during it tries no more than memory holds, and writes no more', async t => {
    const outage = await startLongOutage(t, REFUSED)
    const { provider, dispatcher, newDispatcher, settled, seen } = outage
    await dispatcher.stop(0)
    settled.clear()
    provider.pushes.length = 0
    const next = newDispatcher()
    await next.load()
    const paused = seen('scope.paused')
    next.start()
    await paused
    while (next.inMemory() > 0) await new Promise(setImmediate)
    assert.ok((await failProbes(outage, 1)) > 0, 'the first one fetches its message')
    assert.equal(await failProbes(outage, 10), 0)
    await next.stop(0)
    assert.ok(settled.size <= WINDOW, `${settled.size} written again`)
    assert.ok(provider.pushes.length <= WINDOW + 11, `${provider.pushes.length} tried`)
  })

  it('what expired meanwhile is marked and never sent; what came later is sent', async t => {
    const { provider, clock, store, register, post, seen } = await startDispatch(t)
    await register()
    provider.script = () => REFUSED
    const parked = seen('message.settled', 20, ({ state }) => state === 'pending')
    const old = await post(...Array.from({ length: 20 }, () => ({})))
    await parked
    const tried = provider.pushes.length
    clock.advance(6 * DAY_MS)
    await provider.pushed(tried + 1)
    await new Promise(setImmediate)
    const laterParked = seen('message.settled', 1, ({ state }) => state === 'pending')
    const [later = ''] = await post({})
    await laterParked
    const over = seen('message.settled', 21, ({ state }) => state !== 'pending')
    provider.pushes.length = 0
    provider.script = () => ACCEPTED
    // Nobody but the dispatcher looks: no reaper runs.
    clock.advance(1 * DAY_MS)
    await over
    for (const id of old) assert.equal((await store.message(id))?.state, 'expired')
    assert.equal((await store.message(later))?.state, 'accepted')
    assert.deepEqual(
      provider.pushes.map(({ notification }) => notification.chat.id),
      [later],
    )
  })
})
