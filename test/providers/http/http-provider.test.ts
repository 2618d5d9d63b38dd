import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { HttpFault } from '../../../src/simulator/http-fault.ts'
import { startHttpSimulator } from '../../../src/simulator/http-simulator.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { aRegistration } from '../../support/registrations.ts'
import { aNotification, aPush, startProvider, startRig } from './support.ts'

const SCOPE = /^http\/[0-9a-f]{12}\/production$/

describe('the http provider', () => {
  it('posts what a strict receiver takes', async t => {
    const { simulator, provider, unknown, connections } = await startRig(t)
    const push = aPush()
    assert.deepEqual(await provider.send(push), { kind: 'accepted', status: 204 })
    const [webhook] = simulator.webhooks
    assert.deepEqual([webhook?.id, webhook?.device.token], [push.deliveryId, 'device-4711'])
    assert.equal(simulator.requests[0]?.headers['user-agent'], 'push-relay')
    assert.equal(provider.health().connection, 'ready')
    assert.deepEqual(unknown, [])
    assert.equal(connections.length, 1)
  })

  it('keeps path and query of its URL', async t => {
    const { provider } = await startRig(t, { place: '/a/b?key=c' })
    assert.equal((await provider.send(aPush())).kind, 'accepted')
  })

  it('says the same at every attempt, so that a repeat is known, and signs anew, so that it is fresh', async t => {
    const { simulator, provider, clock } = await startRig(t)
    simulator.faults.add({ action: 'drop', shown: true, times: 1 })
    const push = aPush()
    const lost = await provider.send(push)
    assert.deepEqual(lost, { kind: 'failed', pace: 'transport', reason: 'ECONNRESET' })
    clock.advance(3_600_000)
    assert.equal((await provider.send(push)).kind, 'accepted')
    assert.deepEqual(simulator.repeats, [push.deliveryId])
    assert.equal(simulator.webhooks.length, 1)
  })

  it('encodes a notification once for all devices', async t => {
    const { simulator, provider } = await startRig(t)
    const notification = aNotification()
    const tokens = ['one', 'two', 'three']
    for (const token of tokens) {
      const registration = aRegistration({ provider: 'http', token })
      assert.equal((await provider.send(aPush({ notification, registration }))).kind, 'accepted')
      notification.title = 'changed afterwards'
    }
    assert.deepEqual(
      simulator.webhooks.map(({ device, notification: { title } }) => [device.token, title]),
      tokens.map(token => [token, 'alice']),
    )
  })

  it('learns of a dead token, and of no other', async t => {
    const { simulator, provider } = await startRig(t)
    simulator.deadTokens.add('device-4711')
    assert.deepEqual(await provider.send(aPush()), { kind: 'unregistered', status: 410, reason: 'HTTP 410' })
    const registration = aRegistration({ provider: 'http', token: 'device-4712' })
    assert.equal((await provider.send(aPush({ registration }))).kind, 'accepted')
  })

  it('is blocked, and loses nothing, when its secret or its URL is wrong', async t => {
    const { simulator, clock } = await startRig(t)
    const endpoints: [endpoint: string, secret: string, status: number][] = [
      [simulator.endpoint, 'another secret'.padEnd(32, '.').replace(' ', '-'), 401],
      [`${simulator.url}/elsewhere`, '', 404],
    ]
    for (const [endpoint, secret, status] of endpoints) {
      const { provider } = startProvider(t, endpoint, clock, secret || undefined)
      const outcome = await provider.send(aPush())
      assert.ok(outcome.kind === 'blocked')
      assert.match(outcome.scope, SCOPE)
      assert.deepEqual([outcome.status, outcome.reason], [status, `HTTP ${status}`])
      assert.deepEqual(provider.scopesOf(aPush().registration), [outcome.scope])
    }
  })

  it('is blocked when its clock is wrong: the receiver takes no old requests', async t => {
    const { simulator } = await startRig(t)
    const { provider } = startProvider(t, simulator.endpoint, new FakeClock())
    const outcome = await provider.send(aPush())
    assert.deepEqual([outcome.kind, outcome.status], ['blocked', 401])
  })

  it('waits as it is told, in seconds or until a date', async t => {
    const { simulator, provider, clock } = await startRig(t)
    const now = Math.ceil(clock.now() / 1000) * 1000
    clock.advance(now - clock.now())
    const waits = ['7', new Date(now + 7000).toUTCString()].flatMap(retryAfter =>
      [429, 503].map(
        (status): HttpFault => ({
          ...{ action: 'answer', status, headers: { 'retry-after': retryAfter } },
          times: 1,
        }),
      ),
    )
    simulator.faults.replace(waits)
    for (let round = 0; round < 2; round++) {
      const deferred = await provider.send(aPush())
      assert.ok(deferred.kind === 'deferred' && deferred.untilMs === now + 7000 && deferred.scope)
      const failed = await provider.send(aPush())
      assert.ok(failed.kind === 'failed' && failed.retryAfterMs === 7000)
    }
  })

  it('follows no redirect', async t => {
    const elsewhere = await startHttpSimulator({ respond: () => ({ status: 200 }) })
    t.after(() => elsewhere.close())
    const { simulator, provider, unknown } = await startRig(t)
    simulator.faults.add({ action: 'answer', status: 307, headers: { location: `${elsewhere.url}/push` } })
    assert.equal((await provider.send(aPush())).kind, 'blocked')
    assert.deepEqual([elsewhere.requests.length, unknown], [0, ['307 HTTP 307']])
  })

  it('decides by the head of an answer, whatever follows it', async t => {
    const { simulator, provider } = await startRig(t)
    const page = { headers: { 'content-type': 'text/html' }, body: '<html>'.padEnd(10_000_000, '<p>') }
    simulator.faults.replace([
      { action: 'answer', status: 200, ...page, times: 1 },
      { action: 'answer', status: 502, ...page, times: 1 },
      { action: 'truncate', status: 202, times: 1 },
      { action: 'truncate', status: 410, times: 1 },
    ])
    const kinds = []
    for (let count = 0; count < 4; count++) kinds.push((await provider.send(aPush())).kind)
    assert.deepEqual(kinds, ['accepted', 'failed', 'accepted', 'unregistered'])
  })

  it('says what is known when no answer comes', async t => {
    const { simulator, provider, clock } = await startRig(t)
    simulator.faults.replace([
      { action: 'hang', times: 1 },
      { action: 'reset', times: 1 },
    ])
    const hanging = provider.send(aPush())
    await simulator.until(({ strikes }) => strikes === 1)
    clock.advance(10_000)
    assert.deepEqual(await hanging, { kind: 'failed', pace: 'transport', reason: 'timeout' })
    assert.deepEqual(await provider.send(aPush()), {
      kind: 'failed',
      pace: 'transport',
      reason: 'ECONNRESET',
    })
    simulator.refuseConnections()
    simulator.dropConnections()
    const [scope] = provider.scopesOf(aPush().registration)
    const unsent = { kind: 'unsent', scope, retryNow: false, reason: 'ECONNREFUSED' }
    assert.deepEqual(await provider.send(aPush()), unsent)
    assert.equal(provider.health().connection, 'down')
    await simulator.acceptConnections()
    assert.equal((await provider.send(aPush())).kind, 'accepted')
  })

  it('shares tokens among recipients, and serves one app', async t => {
    const { provider } = await startRig(t)
    const request = { provider: 'http', address: { token: 'any text: ü' } }
    assert.deepEqual(provider.rules.check(request), {
      ok: true,
      token: 'any text: ü',
      app: 'default',
      environment: 'production',
      environmentSource: 'default',
    })
    assert.equal(provider.rules.hasOneOwner, false)
    assert.equal(provider.rules.check({ ...request, app: 'other' }).ok, false)
    assert.equal(provider.rules.check({ ...request, environment: 'sandbox' }).ok, false)
  })
})
