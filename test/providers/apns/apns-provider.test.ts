import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { buildNotification } from '../../../src/domain/notification.ts'
import { type ApnsProviderOptions, createApnsProvider } from '../../../src/providers/apns/apns-provider.ts'
import type { Provider, Push } from '../../../src/providers/provider.ts'
import { generateApnsKey } from '../../../src/simulator/apns/apns-key.ts'
import type { ApnsSimulatorOptions } from '../../../src/simulator/apns/apns-simulator.ts'
import { KEY, startRig } from '../../support/apns-simulator.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { aRegistration } from '../../support/registrations.ts'
import { secretsIn } from '../../support/secrets.ts'

const TOPIC = 'com.example.chat'
const SCOPE = `apns/${KEY.keyId}/production`
const MINUTE = 60_000

async function startProvider(
  t: TestContext,
  changes: Partial<ApnsProviderOptions> = {},
  simulated: Partial<ApnsSimulatorOptions> = {},
) {
  const clock = new FakeClock(Date.now())
  const { simulator } = await startRig(t, { topics: [TOPIC], tokenUpdateWindowMs: 0, clock, ...simulated })
  const kept = new Map<string, string>()
  const unknown: string[] = []
  const connections: string[] = []
  const options: ApnsProviderOptions = {
    credentials: { kind: 'token', ...KEY },
    topics: [TOPIC],
    defaultEnvironment: 'production',
    origins: { production: simulator.url },
    ca: simulator.ca,
    simulated: false,
    clock,
    secrets: secretsIn(kept),
    report: {
      unknownReason: (_status, reason) => unknown.push(reason),
      connection: (_scope, state) => connections.push(state),
    },
    ...changes,
  }
  const start = (more: Partial<ApnsProviderOptions> = {}) => {
    const provider = createApnsProvider({ ...options, ...more })
    t.after(() => provider.close())
    return provider
  }
  return { clock, simulator, kept, unknown, connections, start, provider: start() }
}

function aPush(changes: Partial<Push> = {}): Push {
  const content = {
    recipient: 'bob@localhost',
    sender: 'alice@localhost',
    type: 'chat',
    body: 'Hi',
    encrypted: false,
  }
  const settings = { preview: 'full', previewText: 'New message', hashKey: 'k' } as const
  return {
    deliveryId: '9a0ed08d-107b-87e4-8dbb-968f1e72721e',
    registration: aRegistration(),
    notification: buildNotification(
      '019a0000-0000-7000-8000-000000000001',
      content as never,
      'full',
      settings,
    ),
    expiresAt: Date.now() + 3_600_000,
    scopeProven: true,
    ...changes,
  }
}

describe('the APNs provider against what Apple refuses', () => {
  it('sends a push that Apple takes, with stable ids and the expiry of the message', async t => {
    const { provider, simulator } = await startProvider(t)
    const push = aPush()
    assert.deepEqual(await provider.send(push), { kind: 'accepted', status: 200 })
    const [shown] = simulator.phones.phone(push.registration.token).notifications
    assert.equal(shown?.apnsId, push.deliveryId)
    assert.equal(shown?.collapseId, push.notification.collapseId)
    assert.equal(shown?.expiration, Math.floor(push.expiresAt / 1000))
    // With 5 Apple may hold it back to save the phone's power ("Sending notification requests to APNs").
    assert.equal(shown?.priority, 10)
    assert.deepEqual([shown?.title, shown?.body, shown?.topic], ['alice', 'Hi', TOPIC])
    assert.equal(provider.health().connection, 'ready')
  })

  it('tells a dead token by the moment at which Apple knew', async t => {
    const { provider, simulator } = await startProvider(t)
    simulator.faults.add({ action: 'answer', status: 410, reason: 'Unregistered', timestamp: 1234 })
    const outcome = await provider.send(aPush())
    assert.deepEqual(outcome, { kind: 'unregistered', since: 1234, status: 410, reason: 'Unregistered' })
  })

  it('signs one provider token for many pushes and over a restart, and a new one after 50 minutes', async t => {
    const { clock, start, provider, simulator, kept } = await startProvider(
      t,
      {},
      { tokenUpdateWindowMs: 20 * MINUTE },
    )
    const accepts = async (by: Provider) => assert.equal((await by.send(aPush())).kind, 'accepted')
    await Promise.all(Array.from({ length: 20 }, () => accepts(provider)))
    const [first] = kept.values()
    clock.advance(19 * MINUTE)
    // A second token within 20 minutes would be refused with TooManyProviderTokenUpdates.
    await accepts(start())
    assert.deepEqual([...kept.values()], [first])
    clock.advance(32 * MINUTE)
    await accepts(provider)
    assert.notDeepEqual([...kept.values()], [first])
    assert.deepEqual(simulator.stats().refusals, {})
  })

  it('signs anew when the kept provider token is damaged', async t => {
    const { start, provider, kept } = await startProvider(t)
    await provider.send(aPush())
    for (const name of kept.keys()) kept.set(name, '{damaged')
    assert.equal((await start().send(aPush())).kind, 'accepted')
  })

  it('signs again when Apple calls an old token expired, but never a young one: then our clock is wrong', async t => {
    const { provider, clock, simulator } = await startProvider(t)
    await provider.send(aPush())
    simulator.faults.add({ action: 'answer', status: 403, reason: 'ExpiredProviderToken', times: 2 })
    const young = await provider.send(aPush())
    assert.deepEqual([young.kind, young.kind === 'blocked' && young.scope], ['blocked', SCOPE])
    clock.advance(21 * MINUTE)
    const old = await provider.send(aPush())
    assert.deepEqual([old.kind, old.kind === 'failed' && old.pace], ['failed', 'reconnect'])
    assert.equal((await provider.send(aPush())).kind, 'accepted')
  })

  it('is known to Apple by one provider token, however many nodes sign at the same time', async t => {
    const { clock, start, provider, simulator, kept } = await startProvider(
      t,
      {},
      { tokenUpdateWindowMs: 20 * MINUTE },
    )
    const nodes = [provider, start(), start(), start()]
    const accepts = async (by: Provider) => assert.equal((await by.send(aPush())).kind, 'accepted')
    await Promise.all(nodes.map(accepts))
    const [first] = kept.values()
    clock.advance(50 * MINUTE)
    await Promise.all(nodes.map(accepts))
    const [second] = kept.values()
    assert.notEqual(second, first)
    // Apple calls it expired: one signs, and the others find that out one after another.
    clock.advance(30 * MINUTE)
    const expired = { action: 'answer', status: 403, reason: 'ExpiredProviderToken', times: 1 } as const
    for (const node of nodes) {
      simulator.faults.add(expired)
      assert.equal((await node.send(aPush())).kind, 'failed')
      await accepts(node)
    }
    const [third] = kept.values()
    assert.notEqual(third, second)
    // A token too many would have been refused with TooManyProviderTokenUpdates.
    assert.deepEqual(simulator.stats().refusals, {})
  })

  it('blocks the credential, not the message, when the key is revoked', async t => {
    const { start } = await startProvider(t)
    const stranger = { ...generateApnsKey(), keyId: KEY.keyId, teamId: KEY.teamId }
    const outcome = await start({ credentials: { kind: 'token', ...stranger } }).send(aPush())
    assert.deepEqual(outcome, { kind: 'blocked', scope: SCOPE, status: 403, reason: 'InvalidProviderToken' })
  })

  it('keeps the provider token and waits when Apple has seen too many', async t => {
    const { provider, clock, simulator, kept } = await startProvider(t)
    await provider.send(aPush())
    const before = [...kept.values()]
    simulator.faults.add({ action: 'answer', status: 429, reason: 'TooManyProviderTokenUpdates', times: 1 })
    const outcome = await provider.send(aPush())
    assert.ok(outcome.kind === 'deferred' && outcome.scope === SCOPE && (outcome.untilMs ?? 0) > clock.now())
    await provider.send(aPush())
    assert.deepEqual([...kept.values()], before)
  })

  it('takes another connection for an unrelated key once; a second time is our configuration', async t => {
    const { provider, simulator, connections, clock } = await startProvider(t)
    simulator.faults.add({ action: 'answer', status: 403, reason: 'UnrelatedKeyIdInToken', times: 1 })
    const first = await provider.send(aPush())
    assert.deepEqual([first.kind, first.kind === 'failed' && first.pace], ['failed', 'reconnect'])
    assert.equal((await provider.send(aPush())).kind, 'accepted')
    assert.equal(connections.filter(state => state === 'connected').length, 2)
    simulator.faults.add({ action: 'answer', status: 403, reason: 'UnrelatedKeyIdInToken' })
    assert.equal((await provider.send(aPush())).kind, 'failed')
    // The second connection in a row that did little: the third waits a moment.
    clock.advance(1000)
    assert.equal((await provider.send(aPush())).kind, 'blocked')
  })

  it('leaves a connection whose server shuts down', async t => {
    const { provider, simulator, connections } = await startProvider(t)
    await provider.send(aPush())
    simulator.faults.add({ action: 'answer', status: 503, reason: 'Shutdown', times: 1 })
    const outcome = await provider.send(aPush())
    assert.deepEqual([outcome.kind, outcome.kind === 'failed' && outcome.pace], ['failed', 'reconnect'])
    assert.equal((await provider.send(aPush())).kind, 'accepted')
    assert.equal(connections.filter(state => state === 'connected').length, 2)
  })

  it('reports words that it does not know, and survives answers that are not JSON', async t => {
    const { provider, simulator, unknown } = await startProvider(t)
    simulator.faults.add({ action: 'answer', status: 502, body: '<html>Bad gateway</html>', times: 1 })
    const outcome = await provider.send(aPush())
    assert.deepEqual(outcome, { kind: 'failed', pace: 'server', status: 502, reason: 'HTTP 502' })
    simulator.faults.add({ action: 'answer', status: 400, reason: 'Brandnew', times: 1 })
    assert.equal((await provider.send(aPush())).kind, 'rejected')
    assert.deepEqual(unknown, ['HTTP 502', 'Brandnew'])
  })

  it('says that nothing was sent while nobody listens', async t => {
    const { provider, simulator } = await startProvider(t)
    await simulator.refuseConnections()
    const outcome = await provider.send(aPush())
    assert.deepEqual(outcome, { kind: 'unsent', scope: SCOPE, retryNow: false, reason: 'ECONNREFUSED' })
    assert.equal(provider.health().connection, 'down')
  })

  it('waits, and does not guess, for an environment that is no longer configured', async t => {
    const { provider } = await startProvider(t)
    const registration = aRegistration({ environment: 'sandbox' })
    const outcome = await provider.send(aPush({ registration }))
    assert.deepEqual([outcome.kind, outcome.reason], ['blocked', 'environment-not-configured'])
  })

  it('authenticates with a certificate, without a provider token', async t => {
    const { start, simulator, kept } = await startProvider(t)
    const certificate = await simulator.issueClientCertificate(TOPIC)
    const provider = start({ credentials: { kind: 'certificate', ...certificate } })
    const before = kept.size
    assert.equal((await provider.send(aPush())).kind, 'accepted')
    assert.equal(kept.size, before)
  })

  it('knows another environment only where there is another server', async t => {
    const { start, simulator } = await startProvider(t)
    const [production, sandbox] = ['https://production.invalid', 'https://sandbox.invalid']
    const two = start({ origins: { production, sandbox } })
    assert.equal(two.otherEnvironment(aRegistration()), 'sandbox')
    assert.equal(two.otherEnvironment(aRegistration({ environment: 'sandbox' })), 'production')
    const one = start({ origins: { production: simulator.url, sandbox: simulator.url } })
    assert.equal(one.otherEnvironment(aRegistration()), undefined)
  })
})

describe('what may be registered for APNs', () => {
  const check = async (
    t: TestContext,
    { token = 'AB12', ...request }: { token?: string; app?: string; environment?: string },
  ) => {
    const { provider } = await startProvider(t, { topics: [TOPIC, 'com.example.other'] })
    return provider.rules.check({ provider: 'apns', address: { token }, ...request })
  }

  it('a hexadecimal token of any even length, in lower case, for the default app and environment', async t => {
    assert.deepEqual(await check(t, {}), {
      ok: true,
      token: 'ab12',
      app: TOPIC,
      environment: 'production',
      environmentSource: 'default',
    })
    const named = await check(t, { app: 'com.example.other', environment: 'production' })
    assert.equal(named.ok && named.environmentSource, 'client')
  })

  for (const [name, request, code] of [
    ['not hexadecimal', { token: 'xyz1' }, 'token'],
    ['of odd length', { token: 'abc' }, 'token'],
    ['empty', { token: '' }, 'token'],
    ['too long', { token: 'ab'.repeat(257) }, 'token'],
    ['with a path in it', { token: 'ab/../cd' }, 'token'],
    ['of a foreign app', { app: 'com.evil' }, 'app'],
    ['of a foreign environment', { environment: 'staging' }, 'environment'],
  ] as const) {
    it(`not a token ${name}`, async t => {
      const result = await check(t, request)
      assert.deepEqual([result.ok, !result.ok && result.code], [false, code])
    })
  }
})
