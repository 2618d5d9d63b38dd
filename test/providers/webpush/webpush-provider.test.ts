import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { HttpFault } from '../../../src/simulator/http-fault.ts'
import { aWebPush, webPushStand } from '../../support/webpush.ts'

const HOUR_MS = 3_600_000

describe('a push to a browser', () => {
  it('is decrypted there, and shows what the message says', async t => {
    const { simulator, provider, keys, register } = await webPushStand(t)
    const subscription = simulator.subscribe({ applicationServerKey: keys.publicKey })
    assert.deepEqual(await provider.send(aWebPush(register(subscription))), { kind: 'accepted', status: 201 })
    const { messages, unreadable } = simulator.browser(subscription)
    assert.deepEqual(unreadable, [])
    const [message] = messages
    assert.deepEqual(JSON.parse(message?.text ?? ''), {
      title: 'anna',
      body: 'Hi Bob',
      tag: '019a0000-0000-7000-8000-000000000001',
      threadId: 'anna@localhost',
      chat: {
        id: '019a0000-0000-7000-8000-000000000001',
        from: 'anna@localhost',
        to: 'bob@localhost',
        type: 'chat',
      },
    })
    assert.equal(message?.urgency, 'high')
    assert.equal(message?.ttl, 3600)
    assert.equal(message?.bodyBytes, 615)
  })

  it('is for nobody but that browser', async t => {
    const { simulator, provider, register } = await webPushStand(t)
    const [mine, theirs] = [simulator.subscribe(), simulator.subscribe()]
    const crossed = register({ ...mine, keys: theirs.keys })
    assert.equal((await provider.send(aWebPush(crossed))).kind, 'accepted')
    assert.equal(simulator.browser(mine).unreadable.length, 1)
    assert.equal(simulator.browser(mine).messages.length, 0)
  })

  it('carries the same topic and tag on every attempt, so that a repeat takes the place of the first', async t => {
    const { simulator, provider, register } = await webPushStand(t)
    const subscription = simulator.subscribe()
    const registration = register(subscription)
    await provider.send(aWebPush(registration))
    await provider.send(aWebPush(registration))
    const { messages, shown } = simulator.browser(subscription)
    assert.equal(messages.length, 2)
    assert.equal(messages[0]?.topic, messages[1]?.topic)
    assert.match(messages[0]?.topic ?? '', /^[0-9a-f]{32}$/)
    assert.equal(shown.size, 1)
  })

  it('lives no longer than its message, and 28 days at most', async t => {
    const { simulator, provider, clock, register } = await webPushStand(t)
    const subscription = simulator.subscribe()
    const registration = register(subscription)
    for (const leftMs of [0, 1999, 365 * 24 * HOUR_MS]) {
      await provider.send(aWebPush(registration, { expiresAt: clock.now() + leftMs }))
    }
    assert.deepEqual(
      simulator.browser(subscription).messages.map(({ ttl }) => ttl),
      [0, 1, 28 * 86_400],
    )
  })

  it('is cut on a grapheme boundary to what every service takes', async t => {
    const { simulator, provider, register } = await webPushStand(t)
    const subscription = simulator.subscribe()
    await provider.send(aWebPush(register(subscription), { body: '👩‍👩‍👧‍👦'.repeat(400) }))
    const [message] = simulator.browser(subscription).messages
    const { body } = JSON.parse(message?.text ?? '')
    assert.ok(message && message.bodyBytes <= 4096)
    assert.match(body, /^(?:👩‍👩‍👧‍👦)+…$/u)
    assert.ok(Buffer.byteLength(message?.text ?? '') > 3993 - 30)
  })

  it('goes over a kept connection', async t => {
    const { simulator, provider, register } = await webPushStand(t)
    const registration = register(simulator.subscribe())
    for (let count = 0; count < 5; count++) await provider.send(aWebPush(registration))
    assert.equal(simulator.stats().connections.total, 1)
    assert.deepEqual(provider.health(), { connection: 'ready', simulated: false })
  })
})

describe('a UnifiedPush endpoint of ntfy', () => {
  it('gets the same, and its app reads it', async t => {
    const { simulator, provider, register } = await webPushStand(t)
    const subscription = simulator.subscribe({ kind: 'ntfy' })
    const registration = register(subscription)
    assert.deepEqual(await provider.send(aWebPush(registration)), { kind: 'accepted', status: 200 })
    const [message] = simulator.browser(subscription).messages
    assert.equal(JSON.parse(message?.text ?? '').body, 'Hi Bob')
    assert.equal(simulator.requests[0]?.query.get('up'), '1')
  })

  it('that nobody listens to just now is tried again, not removed', async t => {
    const { simulator, provider, register } = await webPushStand(t)
    const subscription = simulator.subscribe({ kind: 'ntfy' })
    simulator.unsubscribe(subscription)
    const outcome = await provider.send(aWebPush(register(subscription)))
    assert.deepEqual(outcome, { kind: 'failed', pace: 'server', status: 507, reason: 'code 50701' })
  })
})

describe('VAPID tokens', () => {
  it('are kept for hours, and renewed long before they end', async t => {
    const { simulator, provider, clock, register } = await webPushStand(t)
    const registration = register(simulator.subscribe({ kind: 'apple' }))
    for (let hour = 0; hour < 12; hour++) {
      const push = aWebPush(registration, { expiresAt: clock.now() + HOUR_MS })
      assert.equal((await provider.send(push)).kind, 'accepted')
      clock.advance(HOUR_MS)
    }
    assert.equal(simulator.vapidTokens(), 2)
  })

  it('are made once for pushes at the same time', async t => {
    const { simulator, provider, register } = await webPushStand(t)
    const registration = register(simulator.subscribe())
    await Promise.all(Array.from({ length: 10 }, () => provider.send(aWebPush(registration))))
    assert.equal(simulator.vapidTokens(), 1)
  })

  it('are made anew when the clock was set back', async t => {
    const { simulator, provider, clock, register } = await webPushStand(t)
    const registration = register(simulator.subscribe())
    clock.advance(48 * HOUR_MS)
    await provider.send(aWebPush(registration, { expiresAt: clock.now() + 1000 }))
    clock.advance(-48 * HOUR_MS)
    assert.equal((await provider.send(aWebPush(registration))).kind, 'accepted')
  })
})

describe('a subscription that is over', () => {
  for (const kind of ['mozilla', 'apple', 'google'] as const) {
    for (const status of [404, 410] as const) {
      it(`is unregistered by ${kind}'s ${status}`, async t => {
        const { simulator, provider, register } = await webPushStand(t)
        const subscription = simulator.subscribe({ kind })
        const registration = register(subscription)
        simulator.unsubscribe(subscription, status)
        const outcome = await provider.send(aWebPush(registration))
        assert.equal(outcome.kind, 'unregistered')
        assert.equal(outcome.status, status)
      })
    }
    it(`made with another VAPID key is that registration's fault, says ${kind}`, async t => {
      const { simulator, provider, register } = await webPushStand(t)
      const registration = register(simulator.subscribe({ kind, applicationServerKey: 'B'.repeat(87) }))
      const outcome = await provider.send(aWebPush(registration))
      assert.equal(outcome.kind, 'misaddressed')
      assert.equal(outcome.reason, 'VapidPkHashMismatch')
    })
  }

  it('made with an earlier key of ours is not sent to at all', async t => {
    const { simulator, provider, register } = await webPushStand(t)
    const registration = { ...register(simulator.subscribe()), app: 'vapid-000000000000' }
    assert.deepEqual(await provider.send(aWebPush(registration)), {
      kind: 'misaddressed',
      fault: 'app',
      reason: 'vapid-key-changed',
    })
    assert.equal(simulator.stats().connections.total, 0)
  })
})

describe('a body that is too long', () => {
  it('is shortened at once, and from then on for this service', async t => {
    const { simulator, provider, register } = await webPushStand(t)
    const subscription = simulator.subscribe({ maxBodyBytes: 2744 })
    const registration = register(subscription)
    const long = { body: 'word '.repeat(800) }
    assert.equal((await provider.send(aWebPush(registration, long))).kind, 'accepted')
    assert.equal(simulator.stats().requests, 2)
    assert.equal((await provider.send(aWebPush(registration, long))).kind, 'accepted')
    assert.equal(simulator.stats().requests, 3)
    const { messages } = simulator.browser(subscription)
    assert.deepEqual(
      messages.map(({ bodyBytes }) => bodyBytes),
      [2744, 2744],
    )
  })

  it('is rejected when the shorter one is too long as well', async t => {
    const { simulator, provider, register } = await webPushStand(t)
    const registration = register(simulator.subscribe({ maxBodyBytes: 100 }))
    const outcome = await provider.send(aWebPush(registration, { body: 'word '.repeat(800) }))
    assert.deepEqual(outcome, { kind: 'rejected', status: 413, reason: 'errno 104' })
    assert.equal(simulator.stats().requests, 2)
    // A short one has nothing to give.
    assert.equal((await provider.send(aWebPush(registration))).kind, 'rejected')
    assert.equal(simulator.stats().requests, 3)
  })
})

/** What a service says, and what follows. */
const ANSWERS: [name: string, fault: HttpFault, expected: object][] = [
  ['200', { action: 'answer', status: 200, body: 'ok' }, { kind: 'accepted', status: 200 }],
  ['202', { action: 'answer', status: 202 }, { kind: 'accepted', status: 202 }],
  [
    'an answer that breaks off after 201',
    { action: 'truncate', status: 201 },
    { kind: 'accepted', status: 201 },
  ],
  [
    '429 with Retry-After',
    { action: 'answer', status: 429, headers: { 'retry-after': '90' } },
    { kind: 'deferred', untilMs: Date.UTC(2026, 0, 15, 12, 1, 30), status: 429, reason: 'HTTP 429' },
  ],
  ['429', { action: 'answer', status: 429 }, { kind: 'deferred', status: 429, reason: 'HTTP 429' }],
  [
    '503 with Retry-After',
    { action: 'answer', status: 503, headers: { 'retry-after': '120' }, body: '{"errno":201}' },
    { kind: 'failed', pace: 'server', retryAfterMs: 120_000, status: 503, reason: 'errno 201' },
  ],
  [
    "ntfy's 507",
    { action: 'answer', status: 507, body: '{"code":50701,"http":507,"error":"no subscriber"}' },
    { kind: 'failed', pace: 'server', status: 507, reason: 'code 50701' },
  ],
  [
    'a redirect',
    { action: 'answer', status: 307, headers: { location: 'https://127.0.0.1/elsewhere' } },
    { kind: 'failed', pace: 'server', status: 307, reason: 'HTTP 307' },
  ],
  [
    'a page of 10 MB',
    { action: 'answer', status: 500, body: '<p>'.repeat(3_500_000) },
    { kind: 'failed', pace: 'server', status: 500, reason: 'HTTP 500' },
  ],
  [
    'JSON that is no object',
    { action: 'answer', status: 400, body: '["reason"]' },
    { kind: 'rejected', status: 400, reason: 'HTTP 400' },
  ],
  [
    'a word with something in it',
    { action: 'answer', status: 400, body: '{"reason":"see https://example.org"}' },
    { kind: 'rejected', status: 400, reason: 'HTTP 400' },
  ],
]

describe('what a push service answers', () => {
  for (const [name, fault, expected] of ANSWERS) {
    it(name, async t => {
      const { simulator, provider, register } = await webPushStand(t, { simulator: { faults: [fault] } })
      const outcome = await provider.send(aWebPush(register(simulator.subscribe())))
      assert.deepEqual(outcome, expected)
      assert.equal(simulator.stats().requests, 1)
    })
  }

  it('a refused VAPID token stops this service, and says so', async t => {
    const { simulator, provider, register } = await webPushStand(t, {
      provider: { subject: 'mailto:a@b.local' },
    })
    const registration = register(simulator.subscribe({ kind: 'apple' }))
    assert.deepEqual(await provider.send(aWebPush(registration)), {
      kind: 'blocked',
      scope: provider.scopesOf(registration)[0],
      status: 403,
      reason: 'BadJwtToken',
    })
  })

  it('a refusal of one registration stops no other, once this service has taken a push of ours', async t => {
    const { simulator, provider, register } = await webPushStand(t, {
      simulator: { faults: [{ action: 'answer', status: 403, body: 'this path is not for you' }] },
    })
    const outcome = await provider.send(aWebPush(register(simulator.subscribe()), { scopeProven: true }))
    assert.deepEqual(outcome, { kind: 'failed', pace: 'server', status: 403, reason: 'HTTP 403' })
  })

  it('a status that nobody documents is reported', async t => {
    const fault = { action: 'answer', status: 418 } as const
    const { simulator, provider, register, unknownReasons } = await webPushStand(t, {
      simulator: { faults: [fault] },
    })
    assert.equal((await provider.send(aWebPush(register(simulator.subscribe())))).kind, 'rejected')
    assert.deepEqual(unknownReasons, ['418 HTTP 418'])
  })
})

describe('no answer', () => {
  it('from a service that is down is unsent, and tells why', async t => {
    const { simulator, provider, register } = await webPushStand(t)
    const registration = register(simulator.subscribe())
    simulator.refuseConnections()
    assert.deepEqual(await provider.send(aWebPush(registration)), {
      kind: 'unsent',
      scope: provider.scopesOf(registration)[0],
      retryNow: false,
      reason: 'ECONNREFUSED',
    })
    assert.equal(provider.health().connection, 'down')
  })

  it('within ten seconds is failed', async t => {
    const { simulator, provider, clock, register } = await webPushStand(t, {
      simulator: { faults: [{ action: 'hang' }] },
    })
    const sent = provider.send(aWebPush(register(simulator.subscribe())))
    await simulator.received(1)
    clock.advance(10_000)
    assert.deepEqual(await sent, { kind: 'failed', pace: 'transport', reason: 'timeout' })
  })

  it('because of a reset is failed', async t => {
    const { simulator, provider, register } = await webPushStand(t, {
      simulator: { faults: [{ action: 'reset' }] },
    })
    const outcome = await provider.send(aWebPush(register(simulator.subscribe())))
    assert.deepEqual(outcome, { kind: 'failed', pace: 'transport', reason: 'ECONNRESET' })
  })
})
