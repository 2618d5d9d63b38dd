import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Claims } from '../../src/dispatch/claims.ts'
import { Lanes } from '../../src/dispatch/lanes.ts'
import { Pauses } from '../../src/dispatch/pauses.ts'
import { Settler } from '../../src/dispatch/settler.ts'
import { Window } from '../../src/dispatch/window.ts'
import type { Outcome } from '../../src/domain/outcome.ts'
import type { Store } from '../../src/store/store.ts'
import { createEvents } from '../../src/telemetry/events.ts'
import { startDispatch } from '../support/dispatch-harness.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { aRegistration } from '../support/registrations.ts'
import { ScriptedProvider } from '../support/scripted-provider.ts'

const ACCEPTED: Outcome = { kind: 'accepted', status: 200 }
const tokenOf = (number: number) => `ab${number.toString(16).padStart(62, '0')}`

describe('scopes that clients choose', () => {
  it('leave room in memory for everybody else, however many of them cannot be reached', async t => {
    const { provider, clock, dispatcher, register, post, seen } = await startDispatch(t, {
      windowDeliveries: 20,
    })
    const hosts = Array.from({ length: 40 }, (_, number) => `host-${number}`)
    for (const [number, environment] of hosts.entries())
      await register({ recipient: `${environment}@localhost`, environment, token: tokenOf(number) })
    await register({ token: tokenOf(99) })
    provider.script = ({ registration: { environment } }) =>
      environment === 'production'
        ? ACCEPTED
        : { kind: 'unsent', scope: `apns/K/${environment}`, retryNow: false, reason: 'ECONNREFUSED' }
    const parked = seen('message.settled', hosts.length)
    await post(...hosts.map(host => ({ recipient: `${host}@localhost` })))
    await parked
    // Every host has been probed, and has failed again.
    for (let probes = 0; probes < 3; probes++) {
      const before = provider.pushes.length
      clock.advance(30_000)
      await provider.pushed(before + hosts.length)
      await new Promise(setImmediate)
    }
    assert.equal(dispatcher.pauses().length, hosts.length)
    const accepted = seen('message.settled', 1, ({ state }) => state === 'accepted')
    await post({})
    await accepted
  })

  it('are forgotten when nothing of them waits any more, whoever took the last of it', async t => {
    const clock = new FakeClock()
    const events = createEvents()
    const window = new Window()
    const lanes = new Lanes(new Map([['apns', new ScriptedProvider()]]), window)
    const [empty, waiting, parking] = ['empty', 'waiting', 'parking'].map(environment =>
      lanes.for(aRegistration({ environment })),
    )
    assert.ok(empty && waiting && parking)
    empty.expectBacklog()
    waiting.expectBacklog()
    parking.startParking(true)
    const looked = Promise.withResolvers<void>()
    const store = {
      waitingScopes: async () => {
        looked.resolve()
        return [{ scope: waiting.name, dueAt: clock.now() + 1000 }]
      },
      claimMessages: async () => [],
    } as unknown as Store
    const claims = new Claims({
      ...{ store, clock, events, window, lanes },
      settings: { preview: 'full', previewText: '', hashKey: '' },
      pauses: new Pauses(clock, events, () => {}),
      settler: new Settler({ store, clock, events }, () => {}),
      begin: () => {},
    })
    claims.start()
    t.after(() => claims.stop())
    await looked.promise
    await new Promise(setImmediate)
    assert.deepEqual(
      [empty, waiting, parking].map(lane => lane.hasBacklog),
      [false, true, true],
    )
    assert.ok(empty.isIdle())
  })
})

it('a probe is whatever has waited longest, in whichever lane', async t => {
  const { provider, clock, register, post, seen } = await startDispatch(t)
  const scope = 'apns/K/production'
  await register({ recipient: 'amy@localhost', app: 'com.example.a', token: tokenOf(1) })
  await register({ app: 'com.example.b', token: tokenOf(2) })
  provider.script = ({ registration: { app } }) =>
    app === 'com.example.a' ? { kind: 'blocked', scope, status: 403, reason: 'Forbidden' } : ACCEPTED
  const parked = seen('message.settled', 2)
  await post({ recipient: 'amy@localhost' })
  await provider.pushed(1)
  await post({})
  await parked
  // The first probe is amy's again, and goes back to wait.
  const back = seen('message.settled')
  clock.advance(10_000)
  await back
  const accepted = seen('message.settled', 1, ({ state }) => state === 'accepted')
  clock.advance(300_000)
  await accepted
  assert.deepEqual(
    provider.pushes.slice(0, 3).map(({ registration: { app } }) => app),
    ['com.example.a', 'com.example.a', 'com.example.b'],
  )
})
