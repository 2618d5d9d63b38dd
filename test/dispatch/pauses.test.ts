import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import type { Outcome } from '../../src/domain/outcome.ts'
import type { Store } from '../../src/store/store.ts'
import type { RelayEvents } from '../../src/telemetry/events.ts'
import { DAY_MS, startDispatch } from '../support/dispatch-harness.ts'

const PRODUCTION = 'apns/K/production'
const ACCEPTED: Outcome = { kind: 'accepted', status: 200 }
const REFUSED: Outcome = { kind: 'unsent', scope: PRODUCTION, retryNow: false, reason: 'ECONNREFUSED' }
const REVOKED: Outcome = { kind: 'blocked', scope: PRODUCTION, status: 403, reason: 'InvalidProviderToken' }
const SLOWED_DOWN: Outcome = { kind: 'deferred', scope: PRODUCTION, status: 429, reason: 'HTTP 429' }

/** Fifty messages accepted while the provider answers `outcome`; all of them parked. */
async function startOutage(t: TestContext, outcome: Outcome, wrapStore?: (store: Store) => Store) {
  const harness = await startDispatch(t, wrapStore ? { wrapStore } : {})
  const { provider, register, post, seen } = harness
  await register()
  provider.script = () => outcome
  const parked = seen('message.settled', 50, ({ state }) => state === 'pending')
  const ids = await post(...Array.from({ length: 50 }, (_, index) => ({ stanzaId: `s${index}` })))
  await parked
  provider.pushes.length = 0
  return { ...harness, ids }
}

describe('a provider that is down, or a key that is revoked', () => {
  for (const outcome of [REFUSED, REVOKED]) {
    const isKept = outcome === REFUSED
    const probes = isKept
      ? 'one real message is the probe, failed probes write nothing'
      : 'each time another message is the probe, since one alone may be at fault'
    it(`${outcome.kind}: ${probes}, all is delivered in order`, async t => {
      const { provider, clock, events, ids, dispatcher, seen } = await startOutage(t, outcome)
      const [pause] = dispatcher.pauses()
      assert.deepEqual([pause?.scope, pause?.kind, pause?.reason], [PRODUCTION, outcome.kind, outcome.reason])

      clock.advance(10_000)
      await provider.pushed(1)
      let commits = 0
      const countCommits = events.on('store.commit', () => commits++)
      for (let probe = 2; probe <= 20; probe++) {
        await new Promise(setImmediate)
        clock.advance(300_000)
        await provider.pushed(probe)
      }
      countCommits()
      const probed = new Set(provider.pushes.map(({ deliveryId }) => deliveryId)).size
      if (isKept) assert.deepEqual([commits, probed, dispatcher.inMemory()], [0, 1, 1])
      else assert.equal(probed, 20)

      provider.script = () => ACCEPTED
      provider.pushes.length = 0
      const done = seen('message.settled', 50, ({ state }) => state === 'accepted')
      await new Promise(setImmediate)
      clock.advance(300_000)
      await done
      assert.deepEqual(dispatcher.pauses(), [])
      const order = provider.pushes.map(({ notification }) => ids.indexOf(notification.chat.id))
      assert.deepEqual(
        order.toSorted((a, b) => a - b),
        [...ids.keys()],
      )
      // Those that were probes waited anew.
      const inOrder = order.slice(1).filter(number => isKept || number > 20)
      assert.deepEqual(
        inOrder,
        inOrder.toSorted((a, b) => a - b),
      )
    })
  }

  it('asks the store for nothing when a message comes: it is written, and waits', async t => {
    let asked = 0
    const wrapStore = (store: Store): Store => ({
      ...store,
      waitingScopes: () => {
        asked++
        return store.waitingScopes()
      },
    })
    const { post, seen } = await startOutage(t, REFUSED, wrapStore)
    await new Promise(setImmediate)
    asked = 0
    for (let message = 0; message < 5; message++) {
      const parked = seen('message.settled', 1, ({ state }) => state === 'pending')
      await post({ stanzaId: `later${message}` })
      await parked
      await new Promise(setImmediate)
    }
    assert.equal(asked, 0)
  })

  it('ends the wait of messages that expire meanwhile', async t => {
    const { clock, ids, store, seen, reaper, dispatcher } = await startOutage(t, REFUSED)
    // Whoever comes first ends them: the reaper, or the probe that is due on the way.
    const expired = seen('message.settled', 50, ({ state }) => state === 'expired')
    clock.advance(7 * DAY_MS)
    await dispatcher.stop(0)
    const loop = reaper()
    loop.start()
    let isDone = false
    void expired.then(() => {
      isDone = true
    })
    // A probe that was claimed while the dispatcher stopped comes back late; the reaper looks again.
    while (!isDone) {
      await new Promise(setImmediate)
      clock.advance(30_000)
    }
    for (const id of ids) assert.equal((await store.message(id))?.state, 'expired')
    await loop.stop()
  })

  it('takes messages that come during the pause without trying them', async t => {
    const { provider, post, seen, store } = await startOutage(t, REVOKED)
    const parked = seen('message.settled')
    const [id = ''] = await post({ stanzaId: 'later' })
    await parked
    assert.equal(provider.pushes.length, 0)
    const trace = await store.message(id)
    assert.deepEqual([trace?.state, trace?.deliveries[0]?.reason], ['pending', 'InvalidProviderToken'])
  })

  it('does not stop another environment', async t => {
    const { provider, register, post, seen } = await startOutage(t, REVOKED)
    await register({ recipient: 'carol@localhost', token: 'cc', environment: 'sandbox' })
    provider.script = ({ registration }) => (registration.environment === 'sandbox' ? ACCEPTED : REVOKED)
    const accepted = seen('message.settled', 1, ({ state }) => state === 'accepted')
    await post({ recipient: 'carol@localhost' })
    await accepted
  })

  it('pauses only the topic when the reason is about the topic', async t => {
    const { provider, register, post, seen, dispatcher } = await startDispatch(t)
    const topic = `${PRODUCTION}/com.example.other`
    await register()
    await register({ recipient: 'carol@localhost', token: 'cc', app: 'com.example.other' })
    provider.script = ({ registration }) =>
      registration.app === 'com.example.other'
        ? { kind: 'blocked', scope: topic, reason: 'TopicDisallowed' }
        : ACCEPTED
    const settled = seen('message.settled', 2)
    await post({ recipient: 'carol@localhost' }, {})
    await settled
    assert.deepEqual(
      dispatcher.pauses().map(({ scope }) => scope),
      [topic],
    )
    assert.equal(provider.pushes.length, 2)
  })

  it('waits as long as the provider says', async t => {
    const { provider, clock, register, post, seen } = await startDispatch(t)
    await register()
    const told = { kind: 'deferred', scope: PRODUCTION, untilMs: clock.now() + 600_000, status: 429 } as const
    provider.script = () => (provider.pushes.length === 1 ? told : ACCEPTED)
    const parked = seen('message.settled')
    await post({})
    await parked
    clock.advance(599_999)
    await new Promise(setImmediate)
    assert.equal(provider.pushes.length, 1)
    const done = seen('message.settled', 1, ({ state }) => state === 'accepted')
    clock.advance(1)
    await done
  })

  it('has one probe at a time, whatever else comes back meanwhile', async t => {
    const { provider, clock, register, post, seen } = await startDispatch(t)
    await register()
    const late = Promise.withResolvers<Outcome>()
    const probe = Promise.withResolvers<Outcome>()
    const inFlight = new Map<string, number>()
    let most = 0
    provider.script = async ({ deliveryId }) => {
      inFlight.set(deliveryId, (inFlight.get(deliveryId) ?? 0) + 1)
      most = Math.max(most, ...inFlight.values())
      const nth = provider.pushes.length
      const outcome = await (nth === 1 ? late.promise : nth === 2 ? REFUSED : probe.promise)
      inFlight.set(deliveryId, (inFlight.get(deliveryId) ?? 0) - 1)
      return outcome
    }
    const parked = seen('message.settled')
    await post({})
    await post({})
    await parked
    clock.advance(1000)
    await provider.pushed(3)
    const lateParked = seen('message.settled')
    late.resolve(REFUSED)
    await lateParked
    clock.advance(300_000)
    await new Promise(setImmediate)
    assert.deepEqual([provider.pushes.length, most], [3, 1])
    const done = seen('message.settled', 2, ({ state }) => state === 'accepted')
    probe.resolve(ACCEPTED)
    await done
  })

  for (const outcome of [REVOKED, SLOWED_DOWN]) {
    it(`${outcome.kind}: one registration that is always answered so does not keep the others waiting`, async t => {
      const { provider, clock, events, register, post, seen } = await startDispatch(t)
      await register()
      await register({ recipient: 'carol@localhost', token: 'cc' })
      provider.script = ({ registration }) => (registration.token === 'cc' ? ACCEPTED : outcome)
      let parked = seen('message.settled')
      await post({})
      await parked
      parked = seen('message.settled')
      await post({ recipient: 'carol@localhost' })
      await parked
      let isAccepted = false
      events.on('message.settled', ({ state }) => {
        isAccepted ||= state === 'accepted'
      })
      while (!isAccepted) {
        assert.ok(provider.pushes.length < 20, 'nobody else is asked for')
        const settled = seen('message.settled')
        clock.advance(300_000)
        await settled
      }
    })
  }

  it('is not begun again by one registration that is refused while others are accepted', async t => {
    const { provider, clock, events, register, post, seen, dispatcher } = await startDispatch(t)
    await register()
    await register({ recipient: 'carol@localhost', token: 'cc' })
    provider.script = ({ registration }) => (registration.token === 'cc' ? ACCEPTED : REVOKED)
    let pauses = 0
    events.on('scope.paused', () => pauses++)
    let settled = seen('message.settled')
    await post({})
    await settled
    settled = seen('message.settled')
    await post({ recipient: 'carol@localhost' })
    await settled
    settled = seen('message.settled')
    clock.advance(10_000)
    await settled
    // Now the other message is the probe, and what is refused after it is refused alone.
    settled = seen('message.settled', 2)
    clock.advance(20_000)
    await settled
    for (let refusal = 0; refusal < 3; refusal++) {
      settled = seen('message.settled')
      clock.advance(300_000)
      await settled
    }
    assert.deepEqual([pauses, dispatcher.pauses()], [1, []])
    assert.deepEqual(
      provider.pushes.map(({ registration }) => registration.token.slice(0, 2)),
      ['aa', 'aa', 'cc', 'aa', 'aa', 'aa', 'aa'],
    )
  })

  it('leaves room to others of its provider when its probe has ended', async t => {
    const { provider, clock, register, post, seen } = await startDispatch(t)
    await register()
    await register({ recipient: 'carol@localhost', token: 'cc', app: 'com.example.other' })
    const probe = Promise.withResolvers<Outcome>()
    const disallowed = { kind: 'blocked', scope: `${PRODUCTION}/com.example.chat`, status: 403 } as const
    provider.script = ({ registration }) => {
      if (registration.token === 'cc') return ACCEPTED
      return provider.pushes.length === 1 ? disallowed : probe.promise
    }
    provider.limit = 1
    const parked = seen('message.settled')
    await post({})
    await parked
    clock.advance(10_000)
    await provider.pushed(2)
    const accepted = seen('message.settled', 1, ({ state }) => state === 'accepted')
    await post({ recipient: 'carol@localhost' })
    probe.resolve(disallowed)
    await accepted
  })

  it('leaves no timer behind when it is stopped, also for what fails while it drains', async t => {
    const { provider, clock, register, post, dispatcher } = await startDispatch(t)
    await register()
    const answer = Promise.withResolvers<Outcome>()
    provider.script = () => answer.promise
    await post({})
    await provider.pushed(1)
    const stopped = dispatcher.stop(5000)
    answer.resolve(REFUSED)
    await stopped
    assert.equal(clock.pendingTimers(), 0)
  })

  it('of a topic is not lifted because nothing can be reached', async t => {
    const { provider, clock, register, post, seen, dispatcher } = await startDispatch(t)
    const topic = `${PRODUCTION}/com.example.chat`
    await register()
    provider.script = () =>
      provider.pushes.length === 1 ? { kind: 'blocked', scope: topic, reason: 'TopicDisallowed' } : REFUSED
    const parked = seen('message.settled')
    await post({})
    await parked
    clock.advance(10_000)
    await provider.pushed(2)
    await new Promise(setImmediate)
    assert.deepEqual(
      dispatcher
        .pauses()
        .map(({ scope }) => scope)
        .toSorted(),
      [PRODUCTION, topic],
    )
  })

  it('tells when a pause begins and ends, once', async t => {
    const { provider, clock, events, register, post, seen } = await startDispatch(t)
    const told: RelayEvents['scope.paused'][] = []
    events.on('scope.paused', event => told.push(event))
    await register()
    provider.script = () => REFUSED
    const parked = seen('message.settled')
    await post({})
    await parked
    for (let probe = 2; probe <= 5; probe++) {
      clock.advance(30_000)
      await provider.pushed(probe)
      await new Promise(setImmediate)
    }
    provider.script = () => ACCEPTED
    const resumed = seen('scope.resumed')
    clock.advance(30_000)
    await resumed
    assert.deepEqual(
      told.map(({ scope, kind, reason }) => [scope, kind, reason]),
      [[PRODUCTION, 'unsent', 'ECONNREFUSED']],
    )
  })
})
