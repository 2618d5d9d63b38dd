import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import type { Push } from '../../../src/providers/provider.ts'
import { createZeroPushProvider } from '../../../src/providers/zeropush/zeropush-provider.ts'
import {
  startZeroPushSimulator,
  type ZeroPushSimulatorOptions,
} from '../../../src/simulator/zeropush/zeropush-simulator.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { recordReport } from '../../support/provider-report.ts'
import { aNotification, aPush } from '../../support/pushes.ts'

const SERVER_TOKEN = 'iosprod_secret'
// The first 12 hex digits of its SHA-256.
const SCOPE = 'zeropush/54f2b78ff2d1/production'
const TOKEN = 'ab'.repeat(32)
const OTHER = 'cd'.repeat(32)
const DAY = 86_400_000

async function startRig(t: TestContext, simulated: Partial<ZeroPushSimulatorOptions> = {}) {
  const clock = new FakeClock()
  const simulator = await startZeroPushSimulator({ clock, serverTokens: [SERVER_TOKEN], ...simulated })
  const report = recordReport()
  const provider = createZeroPushProvider({ url: simulator.url, serverToken: SERVER_TOKEN, clock, report })
  t.after(async () => {
    await provider.close()
    await simulator.close()
  })
  simulator.devices.register(TOKEN)
  const send = (changes: Partial<Push> = {}) => provider.send(aPush('zeropush', TOKEN, changes))
  /** What becomes of a push when this is answered to it. */
  const answered = (status: number, body: unknown = '', headers: Readonly<Record<string, string>> = {}) => {
    const text = typeof body === 'string' ? body : JSON.stringify(body)
    simulator.faults.replace([{ action: 'answer', status, body: text, headers, times: 1 }])
    return send()
  }
  const paths = () => simulator.requests.map(({ path }) => path)
  return { clock, simulator, report, provider, send, answered, paths }
}

describe('the ZeroPush provider against what ZeroPush refused', () => {
  it('sends who wrote and what, its chat data, and the expiry of the message', async t => {
    const { simulator, provider, report, send } = await startRig(t)
    const push = aPush('zeropush', TOKEN, { notification: aNotification({ unread: 3 }) })
    assert.deepEqual(await send(push), { kind: 'accepted', status: 200 })
    const { chat } = push.notification
    const shown = { alert: 'alice: Hi', sound: 'default', category: 'chat', badge: 3, info: { chat } }
    assert.deepEqual(simulator.shown, [{ token: TOKEN, ...shown, expiry: push.expiresAt / 1000 }])
    assert.equal(simulator.requests[0]?.headers.authorization, `Token token="${SERVER_TOKEN}"`)
    assert.deepEqual(provider.health(), { connection: 'ready', simulated: false })
    assert.deepEqual([report.unknown, report.connections], [[], [`${SCOPE} connected`]])
  })

  it('sends no badge that nobody counted, and nothing of a hidden message', async t => {
    const { simulator, send } = await startRig(t)
    await send({ notification: aNotification({ body: 'secret' }, 'none') })
    await send({ notification: aNotification({ body: 'secret' }, 'sender') })
    const bodies = simulator.requests.map(({ body }) => JSON.parse(body.toString()))
    assert.deepEqual([bodies[0].alert, Object.keys(bodies[0].info.chat)], ['New message', ['id']])
    assert.deepEqual([bodies[1].alert, 'badge' in bodies[1]], ['alice: New message', false])
  })

  it('tells the server of a device that it does not know, and sends again, in one attempt', async t => {
    const { simulator, provider, report, paths } = await startRig(t)
    const outcome = await provider.send(aPush('zeropush', OTHER))
    assert.deepEqual(outcome, { kind: 'accepted', status: 200 })
    assert.deepEqual(paths(), ['/notify', '/register', '/notify'])
    assert.deepEqual([simulator.shown.map(({ token }) => token), report.unknown], [[OTHER], []])
    // From then on it is known.
    await provider.send(aPush('zeropush', OTHER))
    assert.equal(paths().length, 4)
  })

  it('drops a device that is dead by the word of the server', async t => {
    const { clock, simulator, send } = await startRig(t)
    simulator.devices.markInactive(TOKEN, clock.now())
    assert.deepEqual(await send(), { kind: 'unregistered', status: 200, reason: 'inactive_tokens' })
  })

  it('tells the server again of one whose app has registered since its last accepted push, and drops it the next time', async t => {
    const { clock, simulator, provider, paths } = await startRig(t)
    simulator.devices.markInactive(TOKEN, clock.now())
    const push = aPush('zeropush', TOKEN)
    const { registration } = push
    const back = { ...registration, lastAcceptedAt: registration.registeredAt - 1 }
    assert.deepEqual(await provider.send({ ...push, registration: back }), { kind: 'accepted', status: 200 })
    assert.deepEqual(paths(), ['/notify', '/register', '/notify'])
    simulator.devices.markInactive(TOKEN, clock.now())
    const since = { ...registration, lastAcceptedAt: registration.registeredAt + 1 }
    assert.equal((await provider.send({ ...push, registration: since })).kind, 'unregistered')
    assert.equal(paths().length, 4)
  })

  it('counts a token that the server does not take against the registration, once', async t => {
    const { simulator, provider, paths } = await startRig(t)
    const outcome = await provider.send(aPush('zeropush', 'abcd'))
    assert.deepEqual(outcome, { kind: 'misaddressed', fault: 'app', status: 400, reason: 'bad request' })
    assert.deepEqual([paths(), simulator.shown], [['/notify', '/register'], []])
  })

  it('asks no third time when the server goes on not to know a device that it has registered', async t => {
    const { simulator, send, paths } = await startRig(t)
    const body = JSON.stringify({ sent_count: 0, inactive_tokens: [], unregistered_tokens: [TOKEN] })
    const when = ({ path }: { path: string }) => path === '/notify'
    simulator.faults.add({ action: 'answer', status: 200, body, when })
    const misaddressed = { kind: 'misaddressed', fault: 'app', status: 200, reason: 'unregistered_tokens' }
    assert.deepEqual(await send(), misaddressed)
    assert.deepEqual(paths(), ['/notify', '/register', '/notify'])
  })

  it('does as much where an unknown device is a record that is not found', async t => {
    const { simulator, send, paths } = await startRig(t)
    const when = ({ path }: { path: string }) => path === '/notify'
    simulator.faults.add({
      action: 'answer',
      status: 404,
      body: '{"error":"record not found"}',
      when,
      times: 1,
    })
    assert.equal((await send()).kind, 'accepted')
    assert.deepEqual(paths(), ['/notify', '/register', '/notify'])
  })

  for (const [status, kind] of [
    [401, 'blocked'],
    [403, 'blocked'],
    [412, 'blocked'],
    [500, 'failed'],
    [302, 'blocked'],
    [429, 'deferred'],
    [404, 'misaddressed'],
    [422, 'misaddressed'],
  ] as const) {
    it(`a device that cannot be registered because of ${status} is ${kind}`, async t => {
      const { simulator, provider, paths } = await startRig(t)
      const when = ({ path }: { path: string }) => path === '/register'
      simulator.faults.add({ action: 'answer', status, when })
      const outcome = await provider.send(aPush('zeropush', OTHER))
      assert.deepEqual([outcome.kind, outcome.status], [kind, status])
      assert.deepEqual(paths(), ['/notify', '/register'])
    })
  }

  it('blocks, and keeps the message, when the token is not good, or only an app’s, or there is no certificate', async t => {
    for (const errorStyle of ['newer', 'older'] as const) {
      const { simulator, report, send } = await startRig(t, { serverTokens: ['other'], errorStyle })
      const reason = errorStyle === 'newer' ? 'authorization error' : 'unauthorized'
      assert.deepEqual(await send(), { kind: 'blocked', scope: SCOPE, status: 401, reason })
      assert.deepEqual([report.unknown, simulator.shown], [[], []])
    }
    const app = await startRig(t, { serverTokens: [], appTokens: [SERVER_TOKEN] })
    const reason = 'authorization error'
    assert.deepEqual(await app.send(), { kind: 'blocked', scope: SCOPE, status: 403, reason })
    const bare = await startRig(t)
    bare.simulator.setConfigured(false)
    const unset = { kind: 'blocked', scope: SCOPE, status: 412, reason: 'configuration error' }
    assert.deepEqual(await bare.send(), unset)
  })

  it('pauses everything when the quota is used up: until its reset, or at its own pace', async t => {
    const { clock, simulator, send } = await startRig(t, { pushQuota: 1 })
    await send()
    const used = { kind: 'deferred', scope: SCOPE, status: 403, reason: 'quota error' }
    // The reset is the text `null`.
    assert.deepEqual(await send(), used)
    const reset = Math.floor(clock.now() / 1000) + 3600
    for (const [header, untilMs] of [
      [reset, reset * 1000],
      [3600, clock.now() + 3_600_000],
      [reset + 30 * 86_400, clock.now() + DAY],
    ] as const) {
      simulator.quota.leave(0, header)
      assert.deepEqual(await send(), { ...used, untilMs })
    }
    simulator.quota.leave(0, reset - 7200)
    assert.deepEqual(await send(), used)
  })

  it('sends what is left, though the quota header says that it was the last', async t => {
    const { send } = await startRig(t, { pushQuota: 1 })
    assert.equal((await send()).kind, 'accepted')
  })
})

describe('whatever is answered instead of ZeroPush', () => {
  const odd: [what: string, status: number, body: unknown, kind: string][] = [
    ['a count as a text', 200, { sent_count: '1' }, 'accepted'],
    ['a count under 201', 201, { sent_count: 1 }, 'accepted'],
    [
      'lists of something else',
      200,
      { sent_count: 1, inactive_tokens: 'x', unregistered_tokens: null },
      'accepted',
    ],
    ['others that are dead', 200, { sent_count: 1, inactive_tokens: [OTHER] }, 'accepted'],
    ['our token in capitals', 200, { sent_count: 0, inactive_tokens: [TOKEN.toUpperCase()] }, 'unregistered'],
    [
      'our token by name, whatever the count',
      200,
      { sent_count: 1, inactive_tokens: [TOKEN] },
      'unregistered',
    ],
    ['nobody, without a reason', 200, { sent_count: 0 }, 'failed'],
    ['no count', 200, { message: 'ok' }, 'failed'],
    ['a count that is none', 200, { sent_count: 'many' }, 'failed'],
    ['a count below nothing', 200, { sent_count: -1 }, 'failed'],
    ['nothing, under 200', 200, '', 'failed'],
    ['nothing, under 204', 204, '', 'failed'],
    ['a page, under 200', 200, '<html>Welcome</html>', 'failed'],
    ['JSON that is no object', 200, '[1]', 'failed'],
    ['JSON null', 200, 'null', 'failed'],
    ['JSON that is cut off', 200, '{"sent_count":1', 'failed'],
    ['a bad request', 400, { error: 'bad request' }, 'rejected'],
    ['a quota error under another status', 402, { error: 'quota error' }, 'deferred'],
    ['an error whose word is a number', 400, { error: 7 }, 'rejected'],
    ['a page under 401', 401, '<html>', 'blocked'],
    ['a page under 403', 403, '<html>', 'blocked'],
    ['an address that is not there', 404, '<html>', 'blocked'],
    ['a method that is not allowed', 405, '', 'blocked'],
    ['a timeout of a proxy', 408, '', 'failed'],
    ['a payload that is too large', 413, '', 'rejected'],
    ['too many requests', 429, '', 'deferred'],
    ['a status that nobody knows', 418, '', 'rejected'],
    ['an error of the server', 500, { error: 'oops' }, 'failed'],
    ['a gateway', 502, '<html>', 'failed'],
    ['a status beyond all', 799, '', 'failed'],
  ]
  for (const [what, status, body, kind] of odd) {
    it(`${what} is ${kind}`, async t => {
      const { answered } = await startRig(t)
      const outcome = await answered(status, body)
      assert.deepEqual([outcome.kind, outcome.status], [kind, status])
      assert.doesNotMatch(outcome.reason ?? '', /[<>"{]/)
    })
  }

  it('ten megabytes are not read to their end, and prove nothing', async t => {
    const { answered, report } = await startRig(t)
    const body = `{"sent_count":1,"x":"${'x'.repeat(10 * 1024 * 1024)}"}`
    assert.deepEqual(await answered(200, body), {
      kind: 'failed',
      pace: 'unrecognised',
      status: 200,
      reason: 'HTTP 200',
    })
    assert.deepEqual(report.unknown, ['200 HTTP 200'])
  })

  it('another content type changes nothing', async t => {
    const { answered } = await startRig(t)
    assert.equal((await answered(200, { sent_count: 1 }, { 'content-type': 'text/html' })).kind, 'accepted')
    assert.equal((await answered(200, 'ok', { 'content-type': 'application/json' })).kind, 'failed')
  })

  it('a redirect is not followed: the address is the operator’s to correct', async t => {
    const { answered, simulator } = await startRig(t)
    for (const status of [301, 302, 307, 308]) {
      const outcome = await answered(status, '', { location: `${simulator.url}/notify` })
      assert.deepEqual(outcome, { kind: 'blocked', scope: SCOPE, status, reason: `HTTP ${status}` })
    }
    assert.equal(simulator.stats().requests, 4)
  })

  it('waits as long as it is asked to', async t => {
    const { answered, clock } = await startRig(t)
    const busy = await answered(503, '', { 'retry-after': '120' })
    assert.deepEqual([busy.kind === 'failed' && busy.retryAfterMs], [120_000])
    const slow = await answered(429, '', { 'retry-after': '60' })
    assert.deepEqual([slow.kind === 'deferred' && slow.untilMs], [clock.now() + 60_000])
  })

  it('tells operators each word that the table does not have, and repeats none that could be a secret', async t => {
    const { answered, report } = await startRig(t)
    for (const error of ['a new word', TOKEN, `bad ${TOKEN}`, 'x'.repeat(50), '<b>', '']) {
      await answered(400, { error, message: TOKEN })
    }
    assert.deepEqual(report.unknown, ['400 a new word', ...Array(5).fill('400 HTTP 400')])
  })

  it('an answer that never comes, or breaks off, is unknown', async t => {
    const { clock, simulator, send } = await startRig(t)
    simulator.faults.replace([{ action: 'hang', times: 1 }])
    const hanging = send()
    await simulator.until(({ strikes }) => strikes === 1)
    clock.advance(5_000)
    assert.deepEqual(await hanging, { kind: 'failed', pace: 'unrecognised', reason: 'timeout' })
    for (const action of ['reset', 'drop', 'truncate'] as const) {
      simulator.faults.replace([{ action, times: 1, shown: true }])
      const outcome = await send()
      assert.deepEqual(
        [outcome.kind, outcome.kind === 'failed' && outcome.pace],
        ['failed', 'unrecognised'],
        action,
      )
    }
  })

  it('nor is a device registered when that breaks off', async t => {
    const { simulator, provider, paths } = await startRig(t)
    simulator.faults.add({ action: 'drop', when: ({ path }) => path === '/register' })
    assert.equal((await provider.send(aPush('zeropush', OTHER))).kind, 'failed')
    assert.deepEqual(paths(), ['/notify', '/register'])
  })

  it('where nobody listens, nothing was sent', async t => {
    const { simulator, provider, report, send } = await startRig(t)
    simulator.refuseConnections()
    assert.deepEqual(await send(), { kind: 'unsent', scope: SCOPE, retryNow: false, reason: 'ECONNREFUSED' })
    assert.equal(provider.health().connection, 'down')
    assert.deepEqual(report.connections, [`${SCOPE} failed`])
  })
})
