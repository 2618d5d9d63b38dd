import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import type { Provider, Push } from '../../../src/providers/provider.ts'
import { prowl } from '../../../src/providers/prowl/prowl.ts'
import { createProwlProvider } from '../../../src/providers/prowl/prowl-provider.ts'
import {
  type ProwlSimulatorOptions,
  startProwlSimulator,
} from '../../../src/simulator/prowl/prowl-simulator.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { readConfig, recordReport } from '../../support/provider-report.ts'
import { aNotification, aPush } from '../../support/pushes.ts'
import { secretsIn } from '../../support/secrets.ts'

const SCOPE = 'prowl/default/production'
const KEY = 'ab'.repeat(20)
const OTHER = 'cd'.repeat(20)
const HOUR = 3_600_000

async function startRig(t: TestContext, simulated: ProwlSimulatorOptions = {}) {
  const clock = new FakeClock()
  const simulator = await startProwlSimulator({ clock, ...simulated })
  const report = recordReport()
  const provider = createProwlProvider({ url: simulator.url, clock, report })
  t.after(async () => {
    await provider.close()
    await simulator.close()
  })
  const push = (changes: Partial<Push> = {}) => aPush('prowl', KEY, changes)
  const send = (changes: Partial<Push> = {}) => provider.send(push(changes))
  /** What becomes of a push that is answered like this. */
  const answered = (status: number, body = '', headers: Readonly<Record<string, string>> = {}) => {
    simulator.faults.replace([{ action: 'answer', status, body, headers, times: 1 }])
    return send()
  }
  return { clock, simulator, report, provider, push, send, answered }
}

function error(code: number, text: string): string {
  return `<?xml version="1.0" encoding="UTF-8"?><prowl><error code="${code}">${text}</error></prowl>`
}

describe('the Prowl provider against what Prowl refuses', () => {
  it('sends who wrote and what, and a link to the sender', async t => {
    const { simulator, provider, report, send } = await startRig(t)
    assert.deepEqual(await send(), { kind: 'accepted', status: 200 })
    const expected = { application: 'Chat', event: 'alice', description: 'Hi', priority: 0 }
    assert.deepEqual(simulator.shown, [{ key: KEY, ...expected, url: 'xmpp:alice@localhost' }])
    assert.deepEqual(provider.health(), { connection: 'ready', simulated: false })
    assert.deepEqual([report.unknown, report.connections], [[], [`${SCOPE} connected`]])
  })

  it('shows nothing of a hidden message, and no more than the sender where the text is hidden', async t => {
    const { simulator, send } = await startRig(t)
    await send({ notification: aNotification({ body: 'secret' }, 'none') })
    await send({ notification: aNotification({ body: 'secret' }, 'sender') })
    const [hidden, sender] = simulator.shown
    assert.deepEqual(hidden, {
      key: KEY,
      application: 'Chat',
      event: 'New message',
      description: '',
      priority: 0,
    })
    assert.deepEqual([sender?.event, sender?.description], ['alice', 'New message'])
  })

  it('lets no text end its parameter or add another one', async t => {
    const { simulator, send } = await startRig(t)
    const body = `x&priority=2&apikey=${OTHER}&url=evil:%0A%26+ä=🦊\n`
    await send({ notification: aNotification({ body, nick: 'a&event=b=c%20+d' }) })
    const [shown] = simulator.shown
    assert.deepEqual([simulator.shown.length, shown?.key, shown?.priority], [1, KEY, 0])
    assert.deepEqual([shown?.event, shown?.description], ['a&event=b=c%20+d', body])
  })

  it('always has something to show, whatever is empty', async t => {
    const { simulator, send } = await startRig(t)
    for (const [title, body] of [
      ['', ''],
      [' ', ' '],
      ['', 'x'],
      ['x', ''],
    ] as const) {
      const notification = { ...aNotification(), title, body }
      assert.equal((await send({ notification })).kind, 'accepted', JSON.stringify([title, body]))
    }
    assert.deepEqual(
      simulator.shown.map(({ event, description }) => [event, description]),
      [
        ['Chat', ''],
        ['Chat', ' '],
        ['', 'x'],
        ['x', ''],
      ],
    )
  })

  it('drops the key that Prowl calls invalid, and goes on with the others', async t => {
    const { simulator, provider, send } = await startRig(t)
    simulator.revoke(KEY)
    const outcome = await send()
    assert.deepEqual(outcome, { kind: 'unregistered', status: 401, reason: 'Invalid API key' })
    assert.equal((await provider.send(aPush('prowl', OTHER))).kind, 'accepted')
  })

  it("does not take a proxy's 401 for Prowl's word on the key", async t => {
    const { answered, report } = await startRig(t)
    const page = '<html><title>401</title></html>'
    assert.deepEqual(await answered(401, page), {
      kind: 'blocked',
      scope: SCOPE,
      status: 401,
      reason: 'HTTP 401',
    })
    assert.deepEqual(report.unknown, ['401 HTTP 401'])
  })

  it('believes the code in the answer when something has changed the status', async t => {
    const { answered } = await startRig(t)
    assert.equal((await answered(200, error(401, 'Invalid API key'))).kind, 'unregistered')
    assert.equal((await answered(200, error(500, 'Internal server error'))).kind, 'failed')
  })
})

describe("Prowl's limit", () => {
  it('stops before the first call that would be refused, until Prowl counts anew', async t => {
    const { clock, simulator, send } = await startRig(t, { callLimit: 3 })
    const resetAt = clock.now() + HOUR
    for (let call = 0; call < 3; call++) assert.equal((await send()).kind, 'accepted')
    clock.advance(10 * 60_000)
    const waiting = { kind: 'deferred', scope: SCOPE, untilMs: resetAt, reason: 'calls used up' }
    assert.deepEqual([await send(), await send()], [waiting, waiting])
    assert.equal(simulator.stats().requests, 3)
    clock.advance(50 * 60_000)
    assert.equal((await send()).kind, 'accepted')
  })

  it('counts what is under way, so that many at once do not overrun it', async t => {
    const { simulator, send } = await startRig(t, { callLimit: 10 })
    await send()
    const outcomes = await Promise.all(Array.from({ length: 30 }, () => send()))
    const kinds = outcomes.map(({ kind }) => kind)
    assert.deepEqual([kinds.filter(kind => kind === 'accepted').length, simulator.shown.length], [9, 10])
    assert.equal(kinds.filter(kind => kind === 'deferred').length, 21)
    assert.deepEqual(simulator.refusals, [])
  })

  it('a refused call pauses everything until the known reset', async t => {
    const { clock, simulator, provider, send } = await startRig(t, { callLimit: 100 })
    await send()
    const resetAt = clock.now() + HOUR
    clock.advance(60_000)
    // Somebody else calls from the same address.
    simulator.calls.leave(0)
    const reason = 'Not accepted, your IP address has exceeded the API limit.'
    assert.deepEqual(await send(), { kind: 'deferred', scope: SCOPE, untilMs: resetAt, status: 406, reason })
    const other = await provider.send(aPush('prowl', OTHER))
    assert.deepEqual([other.kind, simulator.stats().requests], ['deferred', 2])
  })

  it('or for an hour when no reset is known, as after a restart', async t => {
    const { clock, simulator, send } = await startRig(t)
    simulator.calls.leave(0)
    const outcome = await send()
    assert.deepEqual(
      [outcome.kind, outcome.kind === 'deferred' && outcome.untilMs],
      ['deferred', clock.now() + HOUR],
    )
  })

  it('loses nothing: what was deferred is taken after the reset', async t => {
    const { clock, simulator, send } = await startRig(t, { callLimit: 2 })
    let waiting = ['a', 'b', 'c', 'd', 'e']
    for (let hour = 0; hour < 3; hour++) {
      const outcomes = await Promise.all(waiting.map(body => send({ notification: aNotification({ body }) })))
      const [first] = outcomes.filter(outcome => outcome.kind === 'deferred')
      waiting = waiting.filter((_, index) => outcomes[index]?.kind !== 'accepted')
      if (first?.untilMs !== undefined) clock.advance(first.untilMs - clock.now())
    }
    assert.deepEqual(simulator.shown.map(({ description }) => description).sort(), ['a', 'b', 'c', 'd', 'e'])
  })

  for (const [name, resetDate] of [
    ['in a year', Date.UTC(2027, 0, 1)],
    ['long past', Date.UTC(2020, 0, 1)],
  ] as const) {
    it(`is not believed for longer than an hour: a reset ${name}`, async t => {
      const { clock, answered, send } = await startRig(t)
      const body = `<prowl><success code="200" remaining="0" resetdate="${resetDate / 1000}" /></prowl>`
      await answered(200, body)
      clock.advance(HOUR)
      assert.equal((await send()).kind, 'accepted')
    })
  }
})

describe('whatever is answered instead of Prowl', () => {
  const odd: [what: string, status: number, body: string, kind: string][] = [
    ['a bad request', 400, error(400, 'Bad request'), 'rejected'],
    ['a call that is not allowed', 405, error(405, 'Method not allowed'), 'blocked'],
    ['not approved, which only retrieve says', 409, error(409, 'Not approved'), 'rejected'],
    ['an error of its own', 500, error(500, 'Internal server error'), 'failed'],
    ['nothing, under 200', 200, '', 'failed'],
    ['a page, under 200', 200, '<html><body>Welcome</body></html>', 'failed'],
    ['JSON, under 200', 200, '{"ok":true}', 'failed'],
    ['an element that is cut off', 200, '<prowl><success code="200" rem', 'failed'],
    ['a success without a count', 200, '<prowl><success code="200"/></prowl>', 'accepted'],
    [
      'a success in other quotes and order',
      200,
      "<prowl>\n<success remaining='5' code='200'></success></prowl>",
      'accepted',
    ],
    [
      'a success after a warning of PHP',
      200,
      '<b>Warning</b>: x<?xml?><prowl><success code="200"/></prowl>',
      'accepted',
    ],
    ['a success under 500', 500, '<prowl><success code="200"/></prowl>', 'failed'],
    [
      'a success with nonsense in it',
      200,
      '<prowl><success remaining="-1" resetdate="x"/></prowl>',
      'accepted',
    ],
    ['a refusal of something in between', 403, 'Forbidden', 'blocked'],
    ['an address that is not there', 404, 'Not found', 'blocked'],
    ['a proxy that wants a password', 407, '', 'blocked'],
    ['a proxy that was too slow', 408, '', 'failed'],
    ['too many requests', 429, '', 'deferred'],
    ['a status that nobody knows', 418, '', 'rejected'],
    ['a gateway', 502, '<html>', 'failed'],
  ]
  for (const [what, status, body, kind] of odd) {
    it(`${what} is ${kind}`, async t => {
      const { answered } = await startRig(t)
      const outcome = await answered(status, body)
      assert.equal(outcome.kind, kind)
      assert.doesNotMatch(outcome.reason ?? '', /[<>"{]/)
    })
  }

  it('ten megabytes are not read to their end, and prove nothing', async t => {
    const { answered } = await startRig(t)
    const outcome = await answered(200, 'x'.repeat(10 * 1024 * 1024), { 'content-type': 'text/xml' })
    assert.deepEqual(outcome, { kind: 'failed', pace: 'unrecognised', status: 200, reason: 'HTTP 200' })
  })

  it('a redirect is not followed: the address is the operator’s to correct', async t => {
    const { answered, simulator } = await startRig(t)
    for (const status of [301, 302, 307, 308]) {
      const outcome = await answered(status, '', { location: `${simulator.url}/publicapi/add` })
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

  it('repeats no key and no odd text in a reason', async t => {
    const { answered, report } = await startRig(t)
    for (const text of [KEY, `Invalid API key ${KEY}`, 'x'.repeat(5000), '&#60;b&#62;', '']) {
      assert.equal((await answered(400, error(400, text))).reason, 'HTTP 400')
    }
    assert.deepEqual(report.unknown, [])
  })

  it('an answer that never comes, or breaks off, is unknown', async t => {
    const { clock, simulator, send } = await startRig(t)
    simulator.faults.replace([{ action: 'hang', times: 1 }])
    const hanging = send()
    await simulator.until(({ strikes }) => strikes === 1)
    clock.advance(10_000)
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
    // Prowl knows no ids: each of them is shown, and would be shown again.
    assert.equal(simulator.shown.length, 3)
    // What is under way no more is not counted as if it were.
    assert.equal((await send()).kind, 'accepted')
  })

  it('where nobody listens, nothing was sent', async t => {
    const { simulator, provider, report, send } = await startRig(t)
    simulator.refuseConnections()
    assert.deepEqual(await send(), { kind: 'unsent', scope: SCOPE, retryNow: false, reason: 'ECONNREFUSED' })
    assert.equal(provider.health().connection, 'down')
    assert.deepEqual(report.connections, [`${SCOPE} failed`])
  })
})

describe("Prowl's variables", () => {
  it('is off unless it is switched on', () => {
    assert.deepEqual(readConfig(prowl, {}), { config: undefined, problems: [] })
    assert.deepEqual(readConfig(prowl, { RELAY_PROWL: 'off' }), { config: undefined, problems: [] })
    const off = readConfig(prowl, { RELAY_PROWL: 'off', RELAY_PROWL_URL: 'https://localhost:9' })
    assert.deepEqual(off, { config: undefined, problems: [] })
    assert.deepEqual(readConfig(prowl, { RELAY_PROWL: 'on' }).config, { url: 'https://api.prowlapp.com' })
  })

  for (const [env, name] of [
    [{ RELAY_PROWL: 'yes' }, 'RELAY_PROWL'],
    [{ RELAY_PROWL_URL: 'https://localhost' }, 'RELAY_PROWL_URL'],
    [{ RELAY_PROWL: 'on', RELAY_PROWL_URL: 'http://example.org' }, 'RELAY_PROWL_URL'],
  ] as const) {
    it(`finds the problem in ${JSON.stringify(env)}`, () => {
      const { config, problems } = readConfig(prowl, env)
      assert.equal(config, undefined)
      assert.deepEqual(
        problems.map(line => line.split(':')[0]),
        [name],
      )
    })
  }

  it('describes them', () => {
    const described = (url: string) => prowl.describeConfig({ url })
    assert.deepEqual(described('https://api.prowlapp.com'), { switch: 'on', url: "(Prowl's)" })
    assert.deepEqual(described('http://localhost:9/x'), { switch: 'on', url: 'http://localhost:9/x' })
  })

  it('speaks to a server below a path', async t => {
    const { simulator } = await startRig(t)
    const { config } = readConfig(prowl, { RELAY_PROWL: 'on', RELAY_PROWL_URL: `${simulator.url}/below/` })
    const secrets = secretsIn()
    const provider: Provider = prowl.create(config, {
      clock: new FakeClock(),
      report: recordReport(),
      secrets,
    })
    t.after(() => provider.close())
    await provider.send(aPush('prowl', KEY))
    assert.equal(simulator.requests[0]?.path, '/below/publicapi/add')
  })
})

describe("Prowl's registrations", () => {
  it('are one key of 40 hexadecimal digits', async t => {
    const { rules, offer } = (await startRig(t)).provider
    assert.deepEqual([rules.hasOneOwner, offer], [false, { apps: ['default'], environments: ['production'] }])
    const check = (token: string) => rules.check({ provider: 'prowl', address: { token } })
    const good = check(KEY.toUpperCase())
    assert.deepEqual([good.ok, good.ok && good.token], [true, KEY])
    for (const token of [`${KEY},${OTHER}`, KEY.slice(1), `${KEY}0`, `g${KEY.slice(1)}`, ` ${KEY}`, '']) {
      const bad = check(token)
      assert.deepEqual([bad.ok, !bad.ok && bad.code], [false, 'token'], token)
    }
  })
})
