import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Compile } from 'typebox/compile'
import { encodeFields } from '../../../src/providers/zeropush/payload.ts'
import { registrationRules } from '../../../src/providers/zeropush/registration-rules.ts'
import { zeropush } from '../../../src/providers/zeropush/zeropush.ts'
import { startZeroPushSimulator } from '../../../src/simulator/zeropush/zeropush-simulator.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { readConfig, recordReport } from '../../support/provider-report.ts'
import { aNotification, aPush } from '../../support/pushes.ts'
import { secretsIn } from '../../support/secrets.ts'

const URL_SET = { RELAY_ZEROPUSH_URL: 'https://push.example.org/zeropush/' }
const TOKEN_SET = { RELAY_ZEROPUSH_TOKEN: 'iosprod_secret' }
const TOKEN = 'ab'.repeat(32)

describe("ZeroPush's variables", () => {
  it('are both needed, or none', () => {
    assert.deepEqual(readConfig(zeropush, {}), { config: undefined, problems: [] })
    const both = readConfig(zeropush, { ...URL_SET, ...TOKEN_SET })
    assert.deepEqual(both.config, { url: 'https://push.example.org/zeropush', token: 'iosprod_secret' })
    const [noToken] = readConfig(zeropush, URL_SET).problems
    assert.equal(noToken, 'RELAY_ZEROPUSH_TOKEN: is missing: the server token')
    const [noUrl] = readConfig(zeropush, TOKEN_SET).problems
    assert.match(noUrl ?? '', /^RELAY_ZEROPUSH_URL: is missing/)
  })

  const urls: [url: string, isGood: boolean][] = [
    ['https://push.example.org', true],
    ['https://push.example.org:8443/a/b/', true],
    ['http://localhost:8080/zeropush', true],
    ['http://127.0.0.1:8080', true],
    ['http://127.9.9.9', true],
    ['http://[::1]:8080', true],
    ['http://push.example.org', false],
    ['http://10.0.0.1', false],
    ['http://127.0.0.1.example.org', false],
    ['http://localhost.example.org', false],
    ['http://[::2]', false],
    ['ftp://localhost', false],
    ['https://user:secret@push.example.org', false],
    ['https://push.example.org/?a=b', false],
    ['https://push.example.org/#', false],
    ['push.example.org', false],
    ['/zeropush', false],
  ]
  for (const [url, isGood] of urls) {
    it(`${isGood ? 'take' : 'refuse'} ${url}`, () => {
      const { config, problems } = readConfig(zeropush, { ...TOKEN_SET, RELAY_ZEROPUSH_URL: url })
      assert.deepEqual([config !== undefined, problems.length], [isGood, isGood ? 0 : 1])
      assert.ok(!problems.join('').includes('secret'))
    })
  }

  it('refuse a token that a header could not hold', () => {
    for (const token of ['a"b', 'a b', 'a\\b', 'ä', 'x'.repeat(257)]) {
      const { config, problems } = readConfig(zeropush, { ...URL_SET, RELAY_ZEROPUSH_TOKEN: token })
      assert.deepEqual([config, problems.length], [undefined, 1], token)
    }
  })

  it('describe the token by a hash', () => {
    const described = zeropush.describeConfig({ url: 'https://push.example.org', token: 'iosprod_secret' })
    assert.deepEqual(Object.keys(described), ['url', 'token'])
    assert.match(described.token ?? '', /^#[0-9a-f]{12}$/)
  })

  it('may name a path below which the server is', async t => {
    const simulator = await startZeroPushSimulator({ serverTokens: ['iosprod_secret'] })
    t.after(() => simulator.close())
    const { config } = readConfig(zeropush, { ...TOKEN_SET, RELAY_ZEROPUSH_URL: `${simulator.url}/a/b/` })
    const secrets = secretsIn()
    const provider = zeropush.create(config, { clock: new FakeClock(), report: recordReport(), secrets })
    t.after(() => provider.close())
    assert.equal((await provider.send(aPush('zeropush', TOKEN))).kind, 'blocked')
    assert.equal(simulator.requests[0]?.path, '/a/b/notify')
  })
})

describe("ZeroPush's registrations", () => {
  const check = (token: string, more = {}) =>
    registrationRules.check({ provider: 'zeropush', address: { token }, ...more })

  it('are device tokens in hexadecimal digits', () => {
    const good = check(TOKEN.toUpperCase())
    assert.deepEqual(good, {
      ok: true,
      token: TOKEN,
      app: 'default',
      environment: 'production',
      environmentSource: 'default',
    })
    for (const token of ['', 'abc', 'xy', `<${TOKEN}>`, ` ${TOKEN}`, 'ab'.repeat(257)]) {
      const bad = check(token)
      assert.deepEqual([bad.ok, !bad.ok && bad.code], [false, 'token'], token)
    }
  })

  it('have one app and one environment', () => {
    const named = check(TOKEN, { app: 'default', environment: 'production' })
    assert.deepEqual([named.ok, named.ok && named.environmentSource], [true, 'client'])
    for (const [field, value] of [
      ['app', 'other'],
      ['environment', 'sandbox'],
    ] as const) {
      const bad = check(TOKEN, { [field]: value })
      assert.deepEqual([bad.ok, !bad.ok && bad.code], [false, field])
    }
  })

  it('carry a text', () => {
    const shape = Compile(zeropush.address)
    assert.ok(shape.Check({ token: TOKEN }))
    for (const wrong of [{}, { token: 1 }, { token: '' }, { token: [TOKEN] }]) assert.ok(!shape.Check(wrong))
  })
})

describe('the fields of a ZeroPush notification', () => {
  /** What the server makes of them for Apple. */
  function payloadBytes(fields: string): number {
    const { info, ...aps } = JSON.parse(fields)
    return Buffer.byteLength(JSON.stringify({ aps, info }))
  }

  it('say who wrote and what, in one text', () => {
    const alert = (title: string, body: string) =>
      JSON.parse(encodeFields({ ...aNotification(), title, body })).alert
    assert.deepEqual([alert('a', 'b'), alert('a', ''), alert('', 'b'), alert('', '')], ['a: b', 'a', 'b', ''])
  })

  it('say that it is a text where it begins like a dictionary, which a sender could write', () => {
    const alert = (title: string, body: string) =>
      JSON.parse(encodeFields({ ...aNotification(), title, body })).alert
    assert.deepEqual(alert('{"loc-key"', ' "x"}'), { body: '{"loc-key":  "x"}' })
    assert.deepEqual(alert(' {', 'x'), { body: ' {: x' })
    assert.equal(alert('a', '{"loc-key": "x"}'), 'a: {"loc-key": "x"}')
    const long = encodeFields({ ...aNotification(), title: '', body: `{${'x'.repeat(4000)}` })
    assert.ok(payloadBytes(long) <= 2048 && payloadBytes(long) > 2048 - 40)
  })

  it('fit into what Apple took of ZeroPush, cut between two graphemes', () => {
    for (const grapheme of ['x', 'ä', '好', '👩‍👩‍👧‍👦', '"', '\n', '\u0001']) {
      const fields = encodeFields(aNotification({ body: grapheme.repeat(4000), unread: 999_999 }))
      const bytes = payloadBytes(fields)
      assert.ok(bytes <= 2048 && bytes > 2048 - 40, `${bytes} bytes`)
      const { alert } = JSON.parse(fields)
      const kept = alert.slice('alice: '.length, -1)
      assert.ok(kept === grapheme.repeat(kept.length / grapheme.length), grapheme)
      assert.ok(alert.endsWith('…'))
    }
  })

  it('leave the text some room, however long the names are', () => {
    const jid = (letter: string) => `${letter.repeat(1000)}@${letter.repeat(60)}.example`
    const notification = aNotification({
      ...{ sender: jid('s'), recipient: jid('r'), room: jid('o'), nick: '好'.repeat(340) },
      ...{ stanzaId: 'i'.repeat(1000), body: 'the text' },
    })
    const fields = encodeFields(notification)
    const { alert, info } = JSON.parse(fields)
    assert.ok(alert.endsWith(': the text') && payloadBytes(fields) <= 2048)
    assert.equal(info.chat.id, notification.chat.id)
  })
})
