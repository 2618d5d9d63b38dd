import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Outcome } from '../../src/domain/outcome.ts'
import { startDispatch } from '../support/dispatch-harness.ts'
import { aRegistration } from '../support/registrations.ts'

const ACCEPTED: Outcome = { kind: 'accepted', status: 200 }
const TIMEOUT: Outcome = { kind: 'failed', pace: 'transport', reason: 'timeout' }

describe('the way out of the outbox', () => {
  it('goes from memory to the provider and is explained', async t => {
    const { provider, store, register, post, seen } = await startDispatch(t)
    await register()
    const settled = seen('message.settled')
    const [id = ''] = await post({ nick: 'Alice' })
    await settled
    const [push] = provider.pushes
    assert.equal(provider.pushes.length, 1)
    assert.deepEqual([push?.notification.title, push?.notification.body], ['Alice', 'Hello Bob'])
    const trace = await store.message(id)
    assert.equal(trace?.state, 'accepted')
    assert.equal(trace?.deliveries[0]?.id, push?.deliveryId)
    assert.deepEqual(
      trace?.deliveries[0]?.attempts.map(({ outcome, status }) => [outcome, status]),
      [['accepted', 200]],
    )
    assert.ok(!JSON.stringify(trace).includes('Hello Bob'))
  })

  it('tells each device of a recipient, and says when only some took it', async t => {
    const { provider, store, register, post, seen } = await startDispatch(t)
    await register()
    await register({ device: 'tablet', token: 'bb' })
    provider.script = ({ registration }) =>
      registration.device === 'tablet'
        ? { kind: 'rejected', status: 413, reason: 'PayloadTooLarge' }
        : ACCEPTED
    const settled = seen('message.settled')
    const [id = ''] = await post({})
    await settled
    const trace = await store.message(id)
    assert.equal(trace?.state, 'partial')
    const states = trace?.deliveries.map(({ device, state, reason }) => [device, state, reason])
    assert.deepEqual(states?.toSorted(), [
      ['phone1', 'accepted', undefined],
      ['tablet', 'dead', 'PayloadTooLarge'],
    ])
  })

  it('repeats what failed, later, with the same id', async t => {
    const { provider, clock, store, register, post, seen } = await startDispatch(t)
    await register()
    provider.script = () => (provider.pushes.length < 3 ? TIMEOUT : ACCEPTED)
    let settled = seen('message.settled')
    const [id = ''] = await post({})
    await settled
    for (let attempt = 2; attempt <= 3; attempt++) {
      assert.equal((await store.message(id))?.state, 'pending')
      settled = seen('message.settled')
      clock.advance(60_000)
      await settled
    }
    assert.equal(new Set(provider.pushes.map(({ deliveryId }) => deliveryId)).size, 1)
    const trace = await store.message(id)
    assert.equal(trace?.state, 'accepted')
    assert.deepEqual(
      trace?.deliveries[0]?.attempts.map(({ number, outcome }) => [number, outcome]),
      [
        [1, 'failed'],
        [2, 'failed'],
        [3, 'accepted'],
      ],
    )
  })

  it('keeps a bug to the delivery that has it, and gives up after the fifth crash', async t => {
    const { provider, clock, store, register, post, seen } = await startDispatch(t)
    await register()
    await register({ recipient: 'carol@localhost', token: 'cc' })
    provider.script = ({ registration }) => {
      if (registration.recipient === 'bob@localhost') throw new Error('a bug')
      return ACCEPTED
    }
    let settled = seen('message.settled', 2)
    const [poisoned = '', fine = ''] = await post({}, { recipient: 'carol@localhost' })
    await settled
    assert.equal((await store.message(fine))?.state, 'accepted')
    for (let crash = 2; crash <= 5; crash++) {
      settled = seen('message.settled')
      clock.advance(3_600_000)
      await settled
    }
    const trace = await store.message(poisoned)
    assert.deepEqual([trace?.state, trace?.deliveries[0]?.reason], ['dead', 'crashed'])

    provider.script = () => ACCEPTED
    settled = seen('message.settled')
    assert.equal(await store.requeue(poisoned, clock.now()), 'requeued')
    clock.advance(60_000)
    await settled
    assert.equal((await store.message(poisoned))?.state, 'accepted')
  })

  it('holds results in memory while the store cannot write them, and writes them once', async t => {
    let refusals = 3
    const harness = await startDispatch(t, {
      wrapStore: store => ({
        ...store,
        settle: settlement =>
          refusals-- > 0 ? Promise.reject(new Error('disk full')) : store.settle(settlement),
      }),
    })
    const { clock, store, register, post, seen, provider } = harness
    await register()
    const settled = seen('message.settled')
    const [id = ''] = await post({})
    await provider.pushed(1)
    while (refusals >= 0) {
      await new Promise(setImmediate)
      clock.advance(1000)
    }
    await settled
    assert.equal(provider.pushes.length, 1)
    assert.equal((await store.message(id))?.state, 'accepted')
  })
})

describe('a settlement that fails for a bug', () => {
  it('is told and given up, and its place in memory is free again', async t => {
    const { events, clock, dispatcher, provider, register, post, seen } = await startDispatch(t, {
      wrapStore: store => ({ ...store, settle: () => Promise.reject(new TypeError('a bug')) }),
    })
    await register()
    const failed = seen('loop.failed', 5, ({ loop }) => loop === 'settle')
    let bugs = 0
    events.on('loop.failed', () => bugs++)
    await post({})
    await provider.pushed(1)
    while (bugs < 5) {
      await new Promise(setImmediate)
      clock.advance(1000)
    }
    await failed
    while (dispatcher.inMemory() > 0) {
      await new Promise(setImmediate)
      clock.advance(1000)
    }
  })
})

describe('what waits is not forgotten', () => {
  it('when the store gave the lease back while the message was under way', async t => {
    let lostLeases = 1
    const { provider, store, register, post, seen } = await startDispatch(t, {
      wrapStore: store => ({
        ...store,
        settle: async settlement => {
          if (lostLeases-- > 0) await store.releaseLeases()
          return store.settle(settlement)
        },
      }),
    })
    await register()
    const settled = seen('message.settled')
    const [id = ''] = await post({})
    await settled
    assert.equal((await store.message(id))?.state, 'accepted')
    assert.equal(provider.pushes[1]?.deliveryId, provider.pushes[0]?.deliveryId)
  })

  it('when it is parked while the dispatcher is looking what waits', async t => {
    const looked = Promise.withResolvers<void>()
    const parked = Promise.withResolvers<void>()
    let looks = 0
    const { provider, clock, register, post, seen, dispatcher } = await startDispatch(t, {
      wrapStore: store => ({
        ...store,
        waitingScopes: async () => {
          const scopes = await store.waitingScopes()
          if (looks++ === 1) {
            looked.resolve()
            await parked.promise
          }
          return scopes
        },
      }),
    })
    await register()
    provider.script = () => (provider.pushes.length === 1 ? TIMEOUT : ACCEPTED)
    while (looks < 1) await new Promise(setImmediate)
    dispatcher.wakeForDue()
    await looked.promise
    const settled = seen('message.settled')
    await post({})
    await settled
    parked.resolve()
    const accepted = seen('message.settled', 1, ({ state }) => state === 'accepted')
    for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate)
    clock.advance(1000)
    await accepted
  })

  it('when it became due while the lane was full', async t => {
    // A lane takes three of eight.
    const { provider, clock, register, post, seen } = await startDispatch(t, { windowDeliveries: 8 })
    await register()
    const release = Promise.withResolvers<void>()
    provider.script = async () => {
      if (provider.pushes.length === 1) return TIMEOUT
      await release.promise
      return ACCEPTED
    }
    const settled = seen('message.settled')
    await post({})
    await settled
    for (let index = 0; index < 3; index++) await post({})
    await provider.pushed(4)
    clock.advance(1000)
    for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate)
    const done = seen('message.settled', 4, ({ state }) => state === 'accepted')
    release.resolve()
    for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate)
    clock.advance(1000)
    await done
  })
})

describe('memory', () => {
  it('stays bounded when every recipient has many devices', async t => {
    const { provider, dispatcher, register, post, seen } = await startDispatch(t, { windowDeliveries: 40 })
    for (let device = 0; device < 20; device++)
      await register({ device: `d${device}`, token: `a${device}`.padStart(4, '0') })
    const release = Promise.withResolvers<void>()
    provider.script = () => release.promise.then(() => ACCEPTED)
    const parked = seen('message.settled', 27, ({ state }) => state === 'pending')
    await Promise.all(Array.from({ length: 30 }, () => post({})))
    await parked
    assert.ok(dispatcher.inMemory() <= 60, String(dispatcher.inMemory()))
    const done = seen('message.settled', 30, ({ state }) => state === 'accepted')
    release.resolve()
    await done
  })

  it('stays bounded: what does not fit waits in the outbox, in order, and loses nothing', async t => {
    const { provider, dispatcher, register, post, seen } = await startDispatch(t, { windowDeliveries: 10 })
    await register()
    const release = Promise.withResolvers<void>()
    provider.script = async () => {
      await release.promise
      return ACCEPTED
    }
    const settled = seen('message.settled', 100, ({ state }) => state === 'accepted')
    const posted: string[] = []
    for (let index = 0; index < 100; index++) {
      posted.push(...(await post({ stanzaId: `s${index}` })))
      assert.ok(dispatcher.inMemory() <= 10)
    }
    release.resolve()
    await settled
    const order = provider.pushes.map(({ notification }) => notification.chat.id)
    const positions = order.map(id => posted.indexOf(id))
    assert.deepEqual(positions, [...posted.keys()])
  })

  it('begins no more than the provider takes at once, and more as soon as it takes more', async t => {
    const { provider, register, post, seen } = await startDispatch(t)
    await register()
    const scope = provider.scopesOf(aRegistration())[0]
    const release = Promise.withResolvers<void>()
    provider.limit = 3
    provider.script = async () => {
      await release.promise
      return ACCEPTED
    }
    const settled = seen('message.settled', 10)
    await post(...Array.from({ length: 10 }, () => ({})))
    await provider.pushed(3)
    await new Promise(setImmediate)
    assert.equal(provider.pushes.length, 3)
    provider.raiseLimit(5, scope)
    assert.equal(provider.pushes.length, 5)
    release.resolve()
    await settled
  })

  it('a provider that hangs in one environment does not starve another', async t => {
    const { provider, clock, register, post, seen } = await startDispatch(t, { windowDeliveries: 40 })
    await register()
    await register({ recipient: 'carol@localhost', token: 'cc', environment: 'sandbox' })
    provider.limit = 5
    const release = Promise.withResolvers<void>()
    provider.script = async ({ registration }) => {
      if (registration.environment === 'production') await release.promise
      return ACCEPTED
    }
    await post(...Array.from({ length: 30 }, () => ({})))
    const isSandbox = () =>
      provider.pushes.filter(({ registration }) => registration.environment === 'sandbox').length
    const settled = seen('message.settled', 30, () => isSandbox() === 30)
    await post(...Array.from({ length: 30 }, () => ({ recipient: 'carol@localhost' })))
    while (isSandbox() < 30) {
      await new Promise(setImmediate)
      clock.advance(10)
    }
    release.resolve()
    await settled
  })
})

describe('a stop', () => {
  it('gives back what is in flight beyond its limit; the next process sends it again under the same id', async t => {
    const { provider, clock, store, register, post, seen, dispatcher, newDispatcher } = await startDispatch(t)
    await register()
    provider.script = () => new Promise(() => {})
    const [id = ''] = await post({})
    await provider.pushed(1)
    const stopped = dispatcher.stop(5000)
    while (clock.pendingTimers() === 0) await new Promise(setImmediate)
    clock.advance(5000)
    await stopped
    assert.equal((await store.message(id))?.state, 'pending')

    provider.script = () => ACCEPTED
    const settled = seen('message.settled')
    const next = newDispatcher()
    await next.load()
    next.start()
    await settled
    await next.stop(0)
    const [first, second] = provider.pushes
    assert.equal(second?.deliveryId, first?.deliveryId)
    assert.equal((await store.message(id))?.state, 'accepted')
  })

  it('ends although the store cannot take the leases back', async t => {
    const { dispatcher } = await startDispatch(t, {
      wrapStore: store => ({ ...store, releaseLeases: () => Promise.reject(new Error('disk full')) }),
    })
    await dispatcher.stop(0)
  })

  it('takes nothing new from memory once it has begun', async t => {
    const { provider, store, register, post, dispatcher } = await startDispatch(t)
    await register()
    await dispatcher.stop(0)
    const [id = ''] = await post({})
    assert.equal(provider.pushes.length, 0)
    assert.equal((await store.message(id))?.state, 'pending')
  })
})
