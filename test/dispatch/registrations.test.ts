import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Outcome } from '../../src/domain/outcome.ts'
import { startDispatch } from '../support/dispatch-harness.ts'
import { ScriptedProvider } from '../support/scripted-provider.ts'

const ACCEPTED: Outcome = { kind: 'accepted', status: 200 }
const TIMEOUT: Outcome = { kind: 'failed', pace: 'transport', reason: 'timeout' }
const BAD_TOKEN: Outcome = {
  kind: 'misaddressed',
  fault: 'environment',
  status: 400,
  reason: 'BadDeviceToken',
}
const KEY = { recipient: 'bob@localhost', device: 'phone1', kind: 'alert' } as const

describe('a registration that changes while a retry waits', () => {
  async function withWaitingRetry(t: Parameters<typeof startDispatch>[0]) {
    const harness = await startDispatch(t)
    const { provider, register, post, seen } = harness
    await register()
    provider.script = () => (provider.pushes.length === 1 ? TIMEOUT : ACCEPTED)
    const settled = seen('message.settled')
    const [id = ''] = await post({})
    await settled
    return { ...harness, id }
  }

  it('re-registered: the retry goes to the new token', async t => {
    const { provider, clock, register, seen } = await withWaitingRetry(t)
    await register({ token: 'dd' })
    const settled = seen('message.settled')
    clock.advance(60_000)
    await settled
    assert.deepEqual(
      provider.pushes.map(({ registration }) => registration.token),
      ['aa'.repeat(32), 'dd'],
    )
  })

  it('re-registered in another environment: the retry does not wait for the old one', async t => {
    const { provider, clock, register, post, seen } = await startDispatch(t)
    await register()
    provider.script = ({ registration }) =>
      registration.environment === 'sandbox'
        ? ACCEPTED
        : { kind: 'blocked', scope: 'apns/K/production', reason: 'revoked' }
    const parked = seen('message.settled')
    await post({})
    await parked
    const accepted = seen('message.settled', 1, ({ state }) => state === 'accepted')
    await register({ token: 'dd', environment: 'sandbox' })
    clock.advance(1000)
    await accepted
  })

  it('moved to another recipient: neither owner is woken for it', async t => {
    const { provider, clock, store, register, seen, id } = await withWaitingRetry(t)
    await register({ recipient: 'carol@localhost', device: 'same-phone' })
    const settled = seen('message.settled')
    clock.advance(60_000)
    await settled
    assert.equal(provider.pushes.length, 1)
    const trace = await store.message(id)
    assert.deepEqual([trace?.state, trace?.deliveries[0]?.reason], ['unreachable', 'registration-moved'])
  })

  it('deleted: the delivery ends', async t => {
    const { provider, store, seen, remove, id } = await withWaitingRetry(t)
    const settled = seen('message.settled', 1, ({ state }) => state === 'unreachable')
    await remove.device('bob@localhost', 'phone1')
    await settled
    assert.equal(provider.pushes.length, 1)
    const trace = await store.message(id)
    assert.deepEqual([trace?.state, trace?.deliveries[0]?.reason], ['unreachable', 'registration-removed'])
  })

  it('re-registered while its old token is found dead: the message goes to the new one at once', async t => {
    const { provider, clock, store, register, post, seen } = await startDispatch(t)
    await register()
    provider.script = async () => {
      if (provider.pushes.length > 1) return ACCEPTED
      await register({ token: 'dd' })
      return { kind: 'unregistered', since: clock.now() - 1000, status: 410, reason: 'Unregistered' }
    }
    const settled = seen('message.settled')
    const [id = ''] = await post({})
    await settled
    assert.equal((await store.message(id))?.state, 'accepted')
    assert.equal(provider.pushes[1]?.registration.token, 'dd')
    assert.equal((await store.registration(KEY)).found, true)
  })
})

describe('a registration that changes while a message is queued in memory', () => {
  async function withQueued(t: Parameters<typeof startDispatch>[0]) {
    const harness = await startDispatch(t)
    const { provider, register, post, seen } = harness
    await register()
    provider.limit = 1
    const first = Promise.withResolvers<Outcome>()
    provider.script = () => (provider.pushes.length === 1 ? first.promise : ACCEPTED)
    const settled = seen('message.settled', 2)
    const [, queued = ''] = await post({ body: 'first' }, { body: 'queued' })
    await provider.pushed(1)
    const goOn = async () => {
      first.resolve(ACCEPTED)
      await settled
      const trace = await harness.store.message(queued)
      return [trace?.state, trace?.deliveries[0]?.reason]
    }
    return { ...harness, goOn, queued, first }
  }

  it('deleted: nothing is pushed for it', async t => {
    const { provider, remove, goOn } = await withQueued(t)
    await remove.device('bob@localhost', 'phone1')
    assert.deepEqual(await goOn(), ['unreachable', 'registration-removed'])
    assert.equal(provider.pushes.length, 1)
  })

  it('moved: neither owner is woken for it', async t => {
    const { provider, register, goOn } = await withQueued(t)
    await register({ recipient: 'carol@localhost', device: 'same-phone' })
    assert.deepEqual(await goOn(), ['unreachable', 'registration-moved'])
    assert.equal(provider.pushes.length, 1)
  })

  it('re-registered: it goes to the new token', async t => {
    const { provider, register, goOn } = await withQueued(t)
    await register({ token: 'dd' })
    assert.deepEqual(await goOn(), ['accepted', undefined])
    assert.equal(provider.pushes[1]?.registration.token, 'dd')
  })

  it('deleted and created anew: the new one does not get it', async t => {
    const { provider, store, post, register, remove, queued, first } = await withQueued(t)
    await remove.recipient('bob@localhost')
    await register({ token: 'bb' })
    await post({ body: 'for the new one' })
    first.resolve(ACCEPTED)
    await provider.pushed(2)
    assert.deepEqual(pushedTo(provider), [
      ['aa'.repeat(32), 'first'],
      ['bb', 'for the new one'],
    ])
    const trace = await store.message(queued)
    assert.deepEqual([trace?.state, trace?.reason], ['unreachable', 'registration-removed'])
  })
})

describe('an account that is removed and created anew', () => {
  it('inherits nothing that waited for the provider to return', async t => {
    const { provider, clock, dispatcher, register, remove, post, seen } = await startDispatch(t)
    await register()
    provider.script = () => ({ kind: 'unsent', scope: 'apns/K/production', retryNow: false, reason: 'down' })
    const paused = seen('scope.paused')
    const parked = seen('message.settled', 3)
    await post({ body: 'one' }, { body: 'two' }, { body: 'three' })
    await Promise.all([paused, parked])
    // The pause keeps the message of a probe that failed in memory.
    clock.advance(1000)
    await provider.pushed(provider.pushes.length + 1)
    const tried = provider.pushes.length
    const ended = seen('message.settled', 3, ({ state }) => state === 'unreachable')
    await remove.recipient('bob@localhost')
    await register({ token: 'bb' })
    provider.script = () => ACCEPTED
    const resumed = seen('scope.resumed')
    clock.advance(60_000)
    await Promise.all([ended, resumed])
    assert.deepEqual(dispatcher.pauses(), [])
    const accepted = seen('message.settled', 1, ({ state }) => state === 'accepted')
    await post({ body: 'for the new one' })
    await accepted
    assert.deepEqual(pushedTo(provider).slice(tried), [['bb', 'for the new one']])
  })

  it('inherits nothing that waited for room in memory', async t => {
    const { provider, store, register, remove, post, seen } = await startDispatch(t, { windowDeliveries: 1 })
    await register()
    const held = Promise.withResolvers<Outcome>()
    provider.script = ({ registration }) => (registration.token === 'bb' ? ACCEPTED : held.promise)
    const ids = await post(...['1', '2', '3', '4', '5'].map(body => ({ body })))
    await provider.pushed(1)
    await remove.recipient('bob@localhost')
    await register({ device: 'phone2', token: 'bb' })
    const accepted = seen('message.settled', 1, ({ state }) => state === 'accepted')
    await post({ body: 'for the new one' })
    held.resolve(ACCEPTED)
    await accepted
    assert.deepEqual(
      pushedTo(provider).map(([token, body]) => [token?.slice(0, 2), body]),
      [
        ['aa', '1'],
        ['bb', 'for the new one'],
      ],
    )
    for (const id of ids.slice(1)) {
      const trace = await store.message(id)
      assert.deepEqual([trace?.state, trace?.reason], ['unreachable', 'registration-removed'])
    }
  })
})

function pushedTo({ pushes }: ScriptedProvider) {
  return pushes.map(({ registration, notification }) => [registration.token, notification.body])
}

describe('a dead token', () => {
  it('is disabled only when it was registered before the moment of death', async t => {
    const { provider, clock, store, register, post, seen } = await startDispatch(t)
    await register()
    provider.script = () => ({
      kind: 'unregistered',
      since: clock.now() - 1,
      status: 410,
      reason: 'Unregistered',
    })
    let settled = seen('message.settled')
    await post({})
    await settled
    assert.equal((await store.registration(KEY)).found, true)

    provider.script = () => ({ kind: 'unregistered', status: 410, reason: 'Unregistered' })
    settled = seen('message.settled')
    await post({})
    await settled
    const found = await store.registration(KEY)
    assert.deepEqual(found, { found: false, reason: 'disabled' })
  })
})

describe('a misaddressed token', () => {
  it('is tried once in the other environment, which is remembered when it works', async t => {
    const { provider, store, register, post, seen } = await startDispatch(t)
    provider.otherEnvironments = { production: 'sandbox', sandbox: 'production' }
    await register()
    provider.script = ({ registration }) => (registration.environment === 'sandbox' ? ACCEPTED : BAD_TOKEN)
    let settled = seen('message.settled')
    const [id = ''] = await post({})
    await settled
    const trace = await store.message(id)
    const attempts = trace?.deliveries[0]?.attempts.map(({ environment, outcome }) => [environment, outcome])
    assert.deepEqual(attempts, [
      ['production', 'misaddressed'],
      ['sandbox', 'accepted'],
    ])
    settled = seen('message.settled')
    await post({})
    await settled
    assert.deepEqual(
      provider.pushes.map(({ registration }) => registration.environment),
      ['production', 'sandbox', 'sandbox'],
    )
  })

  it('is to blame itself when the other environment cannot be reached', async t => {
    const { provider, store, register, post, seen, dispatcher } = await startDispatch(t)
    provider.otherEnvironments = { production: 'sandbox' }
    await register()
    provider.script = ({ registration }) =>
      registration.environment === 'production'
        ? BAD_TOKEN
        : { kind: 'unsent', scope: 'apns/K/sandbox', retryNow: false, reason: 'ECONNREFUSED' }
    for (let strike = 1; strike <= 3; strike++) {
      const settled = seen('message.settled')
      const [id = ''] = await post({})
      await settled
      const trace = await store.message(id)
      assert.deepEqual([trace?.state, trace?.deliveries[0]?.reason], ['dead', 'BadDeviceToken'])
    }
    assert.deepEqual(dispatcher.pauses(), [])
    assert.deepEqual(await store.registration(KEY), { found: false, reason: 'suspended' })
  })

  it('is suspended at the third message, until the app registers again', async t => {
    const { provider, store, register, post, seen, accept } = await startDispatch(t)
    await register()
    provider.script = () => BAD_TOKEN
    for (let strike = 1; strike <= 3; strike++) {
      assert.equal((await store.registration(KEY)).found, true)
      const settled = seen('message.settled')
      const [id = ''] = await post({})
      await settled
      assert.equal((await store.message(id))?.state, 'dead')
    }
    assert.deepEqual(await store.registration(KEY), { found: false, reason: 'suspended' })
    const message = {
      recipient: 'bob@localhost',
      sender: 'alice@localhost',
      type: 'chat',
      body: 'x',
    } as const
    const [result] = await accept([{ ...message, encrypted: false, bodyOmitted: false, notes: [] }])
    assert.deepEqual(
      [result?.status, result?.status === 'ignored' && result.reason],
      ['ignored', 'no-device'],
    )
    await register()
    assert.equal((await store.registration(KEY)).found, true)
  })

  it('is not held against anybody when a fifth of all tokens are: then it is our configuration', async t => {
    const { provider, clock, store, register, post, seen, dispatcher } = await startDispatch(t)
    const recipients = Array.from({ length: 12 }, (_, index) => `user${index}@localhost`)
    for (const [index, recipient] of recipients.entries())
      await register({ recipient, token: `0${index}`.padStart(4, '0') })
    provider.script = () => BAD_TOKEN
    for (let round = 1; round <= 4; round++) {
      const settled = seen('message.settled', 12)
      await post(...recipients.map(recipient => ({ recipient })))
      await settled
    }
    // A wave that goes on suspends nobody while a new window fills either.
    for (let window = 1; window <= 4; window++) {
      clock.advance(10 * 60_000)
      const settled = seen('message.settled', 12)
      await post(...recipients.map(recipient => ({ recipient })))
      await settled
    }
    assert.deepEqual(dispatcher.waves(), [
      { provider: 'apns', topic: 'com.example.chat', misaddressed: 12, recipients: 12 },
    ])
    for (const recipient of recipients) {
      assert.equal((await store.registration({ ...KEY, recipient })).found, true, recipient)
    }
  })
})

it('what names a provider that is not configured waits, says so, and goes out when it is again', async t => {
  const { provider, register, post, seen, store, dispatcher, newDispatcher } = await startDispatch(t)
  await register()
  await register({ device: 'robot', provider: 'fcm', token: 'token-of-a-robot' })
  const parked = seen('message.settled', 1, ({ state }) => state === 'pending')
  const [id = ''] = await post({})
  await parked
  assert.equal(provider.pushes.length, 1)
  assert.deepEqual(
    dispatcher.pauses().map(({ scope, kind, reason }) => [scope, kind, reason]),
    [['fcm/not-configured', 'blocked', 'provider-not-configured']],
  )
  const waiting = (await store.message(id))?.deliveries.find(delivery => delivery.device === 'robot')
  assert.deepEqual([waiting?.state, waiting?.reason], ['pending', 'provider-not-configured'])
  await dispatcher.stop(0)
  const fcm = new ScriptedProvider()
  const settled = seen('message.settled', 1, ({ state }) => state === 'accepted')
  const next = newDispatcher(new Map([['fcm', fcm]]))
  await next.load()
  next.start()
  t.after(() => next.stop(0))
  await settled
  assert.equal(fcm.pushes[0]?.registration.token, 'token-of-a-robot')
})
