import assert from 'node:assert/strict'
import { type KeyObject, sign } from 'node:crypto'
import { request } from 'node:https'
import { describe, it, type TestContext } from 'node:test'
import { encryptFor } from '../../../src/providers/webpush/encryption.ts'
import type { Subscription } from '../../../src/simulator/webpush/browsers.ts'
import type { ServiceKind } from '../../../src/simulator/webpush/refusals.ts'
import {
  startWebPushSimulator,
  type WebPushSimulator,
} from '../../../src/simulator/webpush/webpush-simulator.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { someVapidKeys } from '../../support/webpush.ts'

const keys = someVapidKeys()
const others = someVapidKeys()
const clock = new FakeClock()
const NOW_S = Math.floor(clock.now() / 1000)

const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')

/** Signed here by hand, so that the simulator's check meets a second opinion. */
function tokenOf(claims: object, head: object = {}, key: KeyObject = keys.privateKey): string {
  const text = `${encode({ typ: 'JWT', alg: 'ES256', ...head })}.${encode(claims)}`
  const signature = sign('sha256', Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' })
  return `${text}.${signature.toString('base64url')}`
}

interface Stand {
  simulator: WebPushSimulator
  subscription: Subscription
  headers: Record<string, string>
  body: Buffer
}

async function stand(t: TestContext, kind: ServiceKind = 'mozilla'): Promise<Stand> {
  const simulator = await startWebPushSimulator({ clock })
  t.after(() => simulator.close())
  const subscription = simulator.subscribe({ kind, applicationServerKey: keys.publicKey })
  const bytes = (text: string) => Buffer.from(text, 'base64url')
  const { p256dh, auth } = subscription.keys
  const receiver = { p256dh: bytes(p256dh), auth: bytes(auth) }
  return {
    simulator,
    subscription,
    headers: {
      ttl: '60',
      urgency: 'normal',
      topic: 'abc',
      'content-encoding': 'aes128gcm',
      authorization: `vapid t=${tokenOf(claimsFor(simulator))}, k=${keys.publicKey}`,
    },
    body: encryptFor(receiver, Buffer.from('{"title":"Hi","tag":"1"}'), 4096),
  }
}

function claimsFor({ url }: WebPushSimulator) {
  return { aud: url, exp: NOW_S + 3600, sub: 'mailto:admin@example.org' }
}

interface Answer {
  status: number | undefined
  headers: Record<string, unknown>
  body: string
}

function post(
  at: Stand,
  changes: { method?: string; headers?: Record<string, string | undefined>; body?: Buffer },
) {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>()
  const merged = Object.entries({ ...at.headers, ...changes.headers }).filter(
    ([, value]) => value !== undefined,
  )
  const headers = Object.fromEntries(merged) as Record<string, string>
  const options = { method: changes.method ?? 'POST', ca: at.simulator.ca, headers, agent: false }
  const sent = request(at.subscription.endpoint, options, async response => {
    const chunks = await response.toArray()
    resolve({
      status: response.statusCode,
      headers: response.headers,
      body: Buffer.concat(chunks).toString(),
    })
  })
  sent.on('error', reject)
  sent.end(changes.body ?? at.body)
  return promise
}

const authorized = (token: string, key = keys.publicKey) => ({ authorization: `vapid t=${token}, k=${key}` })

type Change = (at: Stand) => Parameters<typeof post>[1]

/** What is wrong with a request, and what Apple, Mozilla and Google call it. */
const WRONG: [
  name: string,
  change: Change,
  apple: [number, string],
  mozilla: [number, number],
  google: number,
][] = [
  ['no TTL', () => ({ headers: { ttl: undefined } }), [400, 'BadTtl'], [400, 111], 400],
  ['a negative TTL', () => ({ headers: { ttl: '-1' } }), [400, 'BadTtl'], [400, 112], 400],
  ['a TTL in words', () => ({ headers: { ttl: '1h' } }), [400, 'BadTtl'], [400, 112], 400],
  ['a TTL beyond 31 bits', () => ({ headers: { ttl: '2147483648' } }), [400, 'BadTtl'], [400, 112], 400],
  ['an unknown urgency', () => ({ headers: { urgency: 'urgent' } }), [400, 'BadUrgency'], [400, 110], 400],
  ['a long topic', () => ({ headers: { topic: 'a'.repeat(33) } }), [400, 'BadWebPushTopic'], [400, 113], 400],
  ['a topic with a dot', () => ({ headers: { topic: 'a.b' } }), [400, 'BadWebPushTopic'], [400, 113], 400],
  ['an empty topic', () => ({ headers: { topic: '' } }), [400, 'BadWebPushTopic'], [400, 113], 400],
  [
    'the older encoding',
    () => ({ headers: { 'content-encoding': 'aesgcm' } }),
    [400, 'BadWebPushRequest'],
    [400, 110],
    400,
  ],
  [
    'no encoding',
    () => ({ headers: { 'content-encoding': undefined } }),
    [400, 'BadWebPushRequest'],
    [400, 110],
    400,
  ],
  ['a long body', () => ({ body: Buffer.alloc(4097) }), [413, 'PayloadTooLarge'], [413, 104], 413],
  [
    'no authorization',
    () => ({ headers: { authorization: undefined } }),
    [403, 'BadAuthorizationHeader'],
    [401, 109],
    401,
  ],
  [
    'the obsolete scheme',
    at => ({ headers: { authorization: `WebPush ${tokenOf(claimsFor(at.simulator))}` } }),
    [403, 'BadAuthorizationHeader'],
    [401, 109],
    401,
  ],
  [
    'no key',
    at => ({ headers: { authorization: `vapid t=${tokenOf(claimsFor(at.simulator))}` } }),
    [403, 'BadAuthorizationHeader'],
    [401, 109],
    401,
  ],
  [
    'another key than the subscription was made with',
    at => ({
      headers: authorized(tokenOf(claimsFor(at.simulator), {}, others.privateKey), others.publicKey),
    }),
    [400, 'VapidPkHashMismatch'],
    [401, 109],
    403,
  ],
]

/** VAPID tokens that are wrong: all three refuse them. */
const WRONG_TOKENS: [name: string, token: (at: Stand) => string][] = [
  ['signed by another key', at => tokenOf(claimsFor(at.simulator), {}, others.privateKey)],
  ['of another algorithm', at => tokenOf(claimsFor(at.simulator), { alg: 'HS256' })],
  ['of no algorithm', at => tokenOf(claimsFor(at.simulator), { alg: 'none' })],
  ['for another origin', at => tokenOf({ ...claimsFor(at.simulator), aud: 'https://push.example.org' })],
  ['for the endpoint', at => tokenOf({ ...claimsFor(at.simulator), aud: at.subscription.endpoint })],
  ['for the origin with a slash', at => tokenOf({ ...claimsFor(at.simulator), aud: `${at.simulator.url}/` })],
  ['that is over', at => tokenOf({ ...claimsFor(at.simulator), exp: NOW_S })],
  ['that lasts more than a day', at => tokenOf({ ...claimsFor(at.simulator), exp: NOW_S + 86_401 })],
  ['whose end is a text', at => tokenOf({ ...claimsFor(at.simulator), exp: String(NOW_S + 60) })],
  ['whose end is in milliseconds', at => tokenOf({ ...claimsFor(at.simulator), exp: (NOW_S + 60) * 1000 })],
  ['without a subject', at => tokenOf({ ...claimsFor(at.simulator), sub: undefined })],
  ['with an address for a subject', at => tokenOf({ ...claimsFor(at.simulator), sub: 'admin@example.org' })],
  [
    'with a subject in brackets',
    at => tokenOf({ ...claimsFor(at.simulator), sub: 'mailto:<a@example.org>' }),
  ],
  [
    'with a subject on this machine',
    at => tokenOf({ ...claimsFor(at.simulator), sub: 'mailto:a@localhost' }),
  ],
  ['that is none', () => 'a.b.c'],
]

describe('a push service', () => {
  it('takes what is right, and its browser reads it', async t => {
    const at = await stand(t)
    const { status, headers } = await post(at, {})
    assert.equal(status, 201)
    assert.equal(headers.ttl, '60')
    assert.match(String(headers.location), /^https:\/\/.*\/message\//)
    const browser = at.simulator.browser(at.subscription)
    assert.deepEqual(browser.messages, [
      { ttl: 60, urgency: 'normal', topic: 'abc', bodyBytes: 615, text: '{"title":"Hi","tag":"1"}' },
    ])
    assert.deepEqual([...browser.shown], [['1', { title: 'Hi', tag: '1' }]])
  })

  it('takes the parameters in either order, and a push without a body or a topic', async t => {
    const at = await stand(t)
    const token = tokenOf(claimsFor(at.simulator))
    const authorization = `vapid k=${keys.publicKey}, t=${token}`
    assert.equal((await post(at, { headers: { authorization, topic: undefined } })).status, 201)
    assert.equal((await post(at, { body: Buffer.alloc(0) })).status, 201)
    const { messages, unreadable } = at.simulator.browser(at.subscription)
    assert.deepEqual([messages[1]?.text, unreadable], ['', []])
  })

  for (const [name, change, [appleStatus, reason], [mozillaStatus, errno], googleStatus] of WRONG) {
    it(`refuses ${name}`, async t => {
      const apple = await stand(t, 'apple')
      const answer = await post(apple, change(apple))
      assert.deepEqual([answer.status, JSON.parse(answer.body)], [appleStatus, { reason }])
      const mozilla = await stand(t, 'mozilla')
      const second = await post(mozilla, change(mozilla))
      assert.deepEqual([second.status, JSON.parse(second.body).errno], [mozillaStatus, errno])
      const google = await stand(t, 'google')
      assert.equal((await post(google, change(google))).status, googleStatus)
      assert.equal(apple.simulator.browser(apple.subscription).messages.length, 0)
    })
  }

  for (const [name, token] of WRONG_TOKENS) {
    it(`refuses a VAPID token ${name}`, async t => {
      const at = await stand(t, 'apple')
      const { status, body } = await post(at, { headers: authorized(token(at)) })
      assert.deepEqual([status, JSON.parse(body)], [403, { reason: 'BadJwtToken' }])
    })
  }

  it('knows no other path and no other method', async t => {
    const at = await stand(t)
    assert.equal((await post(at, { method: 'GET', body: Buffer.alloc(0) })).status, 405)
    const elsewhere = {
      ...at,
      subscription: { ...at.subscription, endpoint: `${at.simulator.url}/push/v2/x` },
    }
    assert.equal((await post(elsewhere, {})).status, 404)
  })

  it('says when a subscription is over', async t => {
    const at = await stand(t)
    at.simulator.unsubscribe(at.subscription)
    assert.equal((await post(at, {})).status, 410)
    at.simulator.unsubscribe(at.subscription, 404)
    assert.equal((await post(at, {})).status, 404)
  })

  it('of ntfy asks for neither VAPID nor TTL, and its topics are never gone', async t => {
    const at = await stand(t, 'ntfy')
    assert.match(at.subscription.endpoint, /\/up[0-9a-f]{12}\?up=1$/)
    const answer = await post(at, { headers: { authorization: undefined, ttl: undefined } })
    assert.equal(answer.status, 200)
    assert.equal(JSON.parse(answer.body).message, at.body.toString('base64'))
    assert.equal(at.simulator.browser(at.subscription).messages.length, 1)
    assert.equal((await post(at, { body: Buffer.alloc(4097) })).status, 413)
    at.simulator.unsubscribe(at.subscription)
    const silent = await post(at, {})
    assert.deepEqual([silent.status, JSON.parse(silent.body).code], [507, 50701])
  })

  it('takes what its browser cannot read, as the real ones do', async t => {
    const at = await stand(t)
    assert.equal((await post(at, { body: Buffer.alloc(200, 1) })).status, 201)
    const { messages, unreadable } = at.simulator.browser(at.subscription)
    assert.equal(messages.length, 0)
    assert.equal(unreadable.length, 1)
  })
})
