import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import type { Outcome } from '../../../src/domain/outcome.ts'
import { createFcmProvider } from '../../../src/providers/fcm/fcm-provider.ts'
import { parseServiceAccount } from '../../../src/providers/fcm/service-account.ts'
import type { Push } from '../../../src/providers/provider.ts'
import type { FcmSimulatorOptions } from '../../../src/simulator/fcm/fcm-simulator.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { startFcm, TOKEN } from '../../support/fcm-simulator.ts'
import { recordReport } from '../../support/provider-report.ts'
import { aNotification, aPush } from '../../support/pushes.ts'
import { aRegistration } from '../../support/registrations.ts'
import { secretsIn } from '../../support/secrets.ts'

const APP = 'demo-chat'
const SCOPE = `fcm/${APP}/production`
const MINUTE = 60_000

async function startProvider(t: TestContext, simulated: FcmSimulatorOptions = {}) {
  const clock = new FakeClock(Math.ceil(Date.now() / 1000) * 1000)
  const simulator = await startFcm(t, { clock, ...simulated })
  const parsed = parseServiceAccount(Buffer.from(simulator.serviceAccountFile), true)
  assert.ok(parsed.ok)
  const report = recordReport()
  const kept = new Map<string, string>()
  const secrets = secretsIn(kept)
  const config = {
    account: parsed.value,
    payload: 'notification',
    url: simulator.url,
    ca: simulator.ca,
  } as const
  const start = (changes: Partial<Parameters<typeof createFcmProvider>[0]> = {}) => {
    const provider = createFcmProvider({ ...config, ...changes }, { clock, report, secrets })
    t.after(() => provider.close())
    return provider
  }
  const push = (changes: Partial<Push> = {}) =>
    aPush('fcm', TOKEN, {
      registration: aRegistration({ provider: 'fcm', token: TOKEN, app: APP }),
      expiresAt: clock.now() + 7 * 24 * 60 * MINUTE,
      ...changes,
    })
  const tokensAsked = () => simulator.tokenEndpoint.stats().requests
  return { provider: start(), start, push, simulator, clock, report, tokensAsked, config }
}

const brief = ({ kind, reason }: Outcome) => (reason === undefined ? kind : `${kind} ${reason}`)

describe('a push through FCM', () => {
  it('reaches the phone as a notification, with the rest of its time to live', async t => {
    const { provider, push, simulator, clock } = await startProvider(t)
    assert.deepEqual(await provider.send(push()), { kind: 'accepted', status: 200 })
    clock.advance(2500)
    await provider.send(push({ expiresAt: clock.now() + 3500 }))
    const [first, second] = simulator.phones.phone(TOKEN).messages
    assert.deepEqual(
      [first?.title, first?.body, first?.priority, first?.ttlSeconds, second?.ttlSeconds],
      ['alice', 'Hi', 'high', 604_800, 3],
    )
    assert.equal(JSON.parse(first?.data.chat ?? '').from, 'alice@localhost')
  })

  it('that is sent twice is shown once', async t => {
    const { provider, push, simulator } = await startProvider(t)
    simulator.faults.add({ action: 'drop', shown: true, times: 1 })
    assert.equal((await provider.send(push())).kind, 'failed')
    assert.equal((await provider.send(push())).kind, 'accepted')
    const phone = simulator.phones.phone(TOKEN)
    assert.deepEqual([phone.received, phone.drawer.length], [2, 1])
  })

  it('finds the last word of each conversation on a phone that was off', async t => {
    const { provider, push, simulator } = await startProvider(t)
    simulator.phones.switchOff(TOKEN)
    for (const sender of ['anna', 'ben', 'carla'])
      for (const body of ['first', 'last']) {
        const notification = aNotification({ sender: `${sender}@localhost`, body })
        assert.equal((await provider.send(push({ notification }))).kind, 'accepted')
      }
    simulator.phones.switchOn(TOKEN)
    assert.deepEqual(
      simulator.phones.phone(TOKEN).messages.map(({ title, body }) => `${title}: ${body}`),
      ['anna: last', 'ben: last', 'carla: last'],
    )
  })

  it('with `data` loses no message on a phone that was off', async t => {
    const { start, push, simulator } = await startProvider(t)
    const provider = start({ payload: 'data' })
    simulator.phones.switchOff(TOKEN)
    for (let n = 0; n < 20; n++) {
      const notification = aNotification({ body: String(n) })
      assert.equal((await provider.send(push({ notification }))).kind, 'accepted')
    }
    simulator.phones.switchOn(TOKEN)
    const bodies = simulator.phones.phone(TOKEN).messages.map(({ data }) => data.body)
    assert.deepEqual(
      bodies,
      Array.from({ length: 20 }, (_, n) => String(n)),
    )
  })

  it('goes to many devices with one access token, and never more than 100 streams a connection', async t => {
    const { provider, simulator, push, tokensAsked } = await startProvider(t, { streamLimit: 10_000 })
    const tokens = Array.from({ length: 500 }, (_, n) => `token-${n}`)
    const notification = aNotification()
    const outcomes = await Promise.all(
      tokens.map(token =>
        provider.send(
          push({ notification, registration: aRegistration({ provider: 'fcm', token, app: APP }) }),
        ),
      ),
    )
    assert.deepEqual(new Set(outcomes.map(({ kind }) => kind)), new Set(['accepted']))
    assert.equal(tokensAsked(), 1)
    assert.equal(simulator.phones.list().length, 500)
    assert.ok(provider.capacity(SCOPE) <= 100 * simulator.stats().connections.open + 100)
  })
})

describe('what FCM refuses', () => {
  for (const [fate, expected] of [
    ['unregistered', { kind: 'unregistered', status: 404, reason: 'UNREGISTERED' }],
    ['mismatch', { kind: 'misaddressed', fault: 'app', status: 403, reason: 'SENDER_ID_MISMATCH' }],
    ['malformed', { kind: 'misaddressed', fault: 'app', status: 400, reason: 'INVALID_ARGUMENT' }],
    ['third-party', { kind: 'deferred', status: 401, reason: 'THIRD_PARTY_AUTH_ERROR' }],
  ] as const) {
    it(`a token that is ${fate}: ${expected.kind}`, async t => {
      const { provider, push, simulator, clock, tokensAsked } = await startProvider(t)
      await provider.send(push())
      clock.advance(10 * MINUTE)
      simulator.registrationTokens.set(TOKEN, fate)
      assert.deepEqual(await provider.send(push()), expected)
      simulator.registrationTokens.forget(TOKEN)
      assert.equal((await provider.send(push())).kind, 'accepted')
      // Our own credential was not what was refused.
      assert.equal(tokensAsked(), 1)
    })
  }

  it("a device's quota: that device waits; the project's: all do", async t => {
    const { provider, push, simulator, clock } = await startProvider(t)
    simulator.registrationTokens.set(TOKEN, 'throttled')
    const untilMs = clock.now() + MINUTE
    const device = await provider.send(push())
    assert.deepEqual(device, { kind: 'deferred', untilMs, status: 429, reason: 'QUOTA_EXCEEDED' })
    simulator.exhaust('300')
    assert.deepEqual(await provider.send(push()), {
      kind: 'deferred',
      scope: SCOPE,
      untilMs: clock.now() + 300_000,
      status: 429,
      reason: 'RATE_LIMIT_EXCEEDED',
    })
  })

  it('a project that is not there, or a path: our configuration, and no token is dead', async t => {
    const { start, push, config, report } = await startProvider(t)
    const elsewhere = start({ account: { ...config.account, projectId: 'another' } })
    const registration = aRegistration({ provider: 'fcm', token: TOKEN, app: 'another' })
    assert.deepEqual(await elsewhere.send(push({ registration })), {
      kind: 'blocked',
      scope: 'fcm/another/production',
      status: 404,
      reason: 'NOT_FOUND',
    })
    assert.deepEqual(report.unknown, [])
  })

  it('a registration of a project that is no longer ours: it waits, and nothing is sent', async t => {
    const { provider, push, simulator } = await startProvider(t)
    const registration = aRegistration({ provider: 'fcm', token: TOKEN, app: 'former' })
    const scope = 'fcm/former/production'
    assert.deepEqual(provider.scopesOf(registration), [scope])
    const outcome = await provider.send(push({ registration }))
    assert.deepEqual(outcome, { kind: 'blocked', scope, reason: 'app-not-configured' })
    assert.equal(simulator.stats().requests, 0)
  })
})

describe('the access token of pushes', () => {
  it('that was revoked is replaced, and the push sent again at once', async t => {
    const { provider, push, simulator, clock, tokensAsked } = await startProvider(t)
    await provider.send(push())
    clock.advance(10 * MINUTE)
    simulator.accessTokens.revokeAll()
    const outcome = await provider.send(push())
    const again = { kind: 'failed', pace: 'reconnect', status: 401, reason: 'ACCESS_TOKEN_EXPIRED' }
    assert.deepEqual(outcome, again)
    assert.equal((await provider.send(push())).kind, 'accepted')
    assert.equal(tokensAsked(), 2)
  })

  it('that is refused however fresh it is: blocked, and Google is not asked again', async t => {
    const { provider, push, simulator, clock, tokensAsked } = await startProvider(t)
    await provider.send(push())
    clock.advance(10 * MINUTE)
    simulator.faults.add({ action: 'answer', status: 401, body: '{"error":{"status":"UNAUTHENTICATED"}}' })
    assert.equal(brief(await provider.send(push())), 'failed UNAUTHENTICATED')
    for (let n = 0; n < 5; n++) assert.equal(brief(await provider.send(push())), 'blocked UNAUTHENTICATED')
    assert.equal(tokensAsked(), 2)
  })

  it('outlives a restart of the relay', async t => {
    const { provider, start, push, tokensAsked } = await startProvider(t)
    await provider.send(push())
    await provider.close()
    assert.equal((await start().send(push())).kind, 'accepted')
    assert.equal(tokensAsked(), 1)
  })

  for (const [name, fault, outcome, words] of [
    [
      'a server error',
      { action: 'answer', status: 503 },
      { kind: 'unsent', retryNow: false, status: 503, reason: 'token endpoint: HTTP 503' },
      1,
    ],
    [
      'a page',
      { action: 'answer', status: 200, body: '<html>' },
      { kind: 'unsent', retryNow: false, status: 200, reason: 'token endpoint: HTTP 200' },
      1,
    ],
    [
      'a reset',
      { action: 'reset' },
      { kind: 'unsent', retryNow: false, reason: 'token endpoint: ECONNRESET' },
      0,
    ],
    [
      'a key that was deleted',
      { action: 'answer', status: 400, body: '{"error":"invalid_grant"}' },
      { kind: 'blocked', status: 400, reason: 'invalid_grant' },
      0,
    ],
    [
      'a redirect',
      { action: 'answer', status: 307, headers: { location: '/x' } },
      { kind: 'blocked', status: 307, reason: 'token endpoint: HTTP 307' },
      1,
    ],
  ] as const) {
    it(`that cannot be had because of ${name}: ${outcome.kind}, and nothing is sent`, async t => {
      const { provider, push, simulator, report } = await startProvider(t)
      simulator.tokenEndpoint.faults.add({ ...fault, times: 1 })
      assert.deepEqual(await provider.send(push()), { ...outcome, scope: SCOPE })
      assert.equal(simulator.stats().requests, 0)
      assert.equal(report.unknown.length, words)
      assert.equal((await provider.send(push())).kind, 'accepted')
    })
  }

  it('that is asked for too often: all wait as long as they are told', async t => {
    const { provider, push, simulator, clock } = await startProvider(t)
    const headers = { 'retry-after': '90' }
    simulator.tokenEndpoint.faults.add({ action: 'answer', status: 429, headers, times: 1 })
    const reason = 'token endpoint: HTTP 429'
    const untilMs = clock.now() + 90_000
    assert.deepEqual(await provider.send(push()), {
      kind: 'deferred',
      scope: SCOPE,
      untilMs,
      status: 429,
      reason,
    })
  })

  it('that comes too late is not waited for', async t => {
    const { provider, push, simulator, clock } = await startProvider(t)
    simulator.tokenEndpoint.faults.add({ action: 'hang' })
    const sending = provider.send(push())
    await simulator.tokenEndpoint.until(({ strikes }) => strikes === 1)
    clock.advance(MINUTE)
    const outcome = await sending
    assert.deepEqual([outcome.kind, outcome.reason], ['unsent', 'token endpoint: timeout'])
  })
})

describe('the health of FCM', () => {
  it('is idle, ready, and down when nobody listens, at the token endpoint too', async t => {
    const { provider, push, simulator, report } = await startProvider(t)
    assert.deepEqual(provider.health(), { connection: 'idle', simulated: false })
    simulator.refuseConnections()
    const outcome = await provider.send(push())
    assert.deepEqual([outcome.kind, outcome.reason], ['unsent', 'token endpoint: ECONNREFUSED'])
    assert.equal(provider.health().connection, 'down')
    await simulator.acceptConnections()
    assert.equal((await provider.send(push())).kind, 'accepted')
    assert.equal(provider.health().connection, 'ready')
    assert.deepEqual(report.connections, [
      `${SCOPE}/token failed`,
      `${SCOPE}/token connected`,
      `${SCOPE} connected`,
    ])
  })

  it('survives goodbyes, as Google says them to idle connections', async t => {
    const { provider, push, simulator, clock } = await startProvider(t)
    await provider.send(push())
    simulator.goaway()
    await simulator.until(({ connections }) => connections.open === 0)
    simulator.faults.add({ action: 'goaway', lastStream: 'previous', times: 1 })
    const outcome = await provider.send(push())
    assert.deepEqual([outcome.kind, outcome.kind === 'unsent' && outcome.retryNow], ['unsent', true])
    // The second connection in a row that did little: the third waits a moment.
    clock.advance(1000)
    assert.equal((await provider.send(push())).kind, 'accepted')
    assert.equal(simulator.phones.phone(TOKEN).received, 2)
  })

  it('PINGs no idle connection, and gives it up before Google does', async t => {
    const { provider, push, simulator, clock } = await startProvider(t)
    await provider.send(push())
    clock.advance(149_999)
    assert.equal(simulator.stats().connections.open, 1)
    clock.advance(1)
    await simulator.until(({ connections }) => connections.open === 0)
    assert.equal(provider.health().connection, 'idle')
  })
})
