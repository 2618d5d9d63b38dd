import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it, type TestContext } from 'node:test'
import { TYPED } from './http/dialects/recording.ts'
import { RelayProcess } from './support/relay-process.ts'

// That of the recordings.
const SERVER = 'iosprod_Rec0rded_token'
const APP = 'iosprod_app_token_1'
const TOKEN = 'ab'.repeat(32)

async function startRelay(t: TestContext, environment: Record<string, string> = {}) {
  const relay = await RelayProcess.start({
    RELAY_ZEROPUSH_SERVER_TOKENS: SERVER,
    RELAY_ZEROPUSH_APP_TOKENS: APP,
    ...environment,
  })
  t.after(() => relay.close())
  const { simulator } = relay
  /** As the SDKs call: JSON, with the token in the header. */
  const call = async (method: string, path: string, said?: object, as = SERVER) => {
    const response = await fetch(`${relay.url}/zeropush${path}`, {
      method,
      headers: { authorization: `Token token="${as}"`, 'content-type': 'application/json' },
      ...(said === undefined ? {} : { body: JSON.stringify(said) }),
    })
    assert.equal(response.status, 200, `${method} ${path}`)
    return response.json() as Promise<unknown>
  }
  const phone = (token = TOKEN) => simulator.phones.phone(token).notifications
  const device = async () => (await call('GET', `/devices/${TOKEN}`)) as { badge: number; active: boolean }
  return { relay, simulator, call, phone, device }
}

describe('the ZeroPush API, through the whole relay', () => {
  it('registers, subscribes, counts badges over a restart, and hears of a dead token', async t => {
    const { relay, simulator, call, phone, device } = await startRelay(t)
    await call('POST', '/register', { device_token: TOKEN }, APP)
    await call('POST', '/subscribe/news', { device_token: TOKEN })
    const said = { alert: 'Hello', badge: '+1', sound: 'chime.aiff', info: { n: 1 } }
    assert.deepEqual(await call('POST', '/broadcast/news', said), { sent_count: 1 })
    await simulator.received(1)

    assert.equal(await relay.kill('SIGTERM'), 0)
    await relay.run()
    assert.deepEqual(await call('POST', '/broadcast/news', said), { sent_count: 1 })
    await simulator.received(2)
    assert.deepEqual(
      phone().map(({ body, badge, sound, custom }) => ({ body, badge, sound, custom })),
      [1, 2].map(badge => ({ body: 'Hello', badge, sound: 'chime.aiff', custom: { info: { n: 1 } } })),
    )
    assert.equal((await device()).badge, 2)

    simulator.deviceTokens.set(TOKEN, { unregisteredAt: Date.now() })
    assert.deepEqual(await call('POST', '/notify', { device_tokens: [TOKEN], ...said }), {
      ...{ sent_count: 1, inactive_tokens: [], unregistered_tokens: [] },
    })
    let isActive = true
    while (isActive) isActive = (await device()).active
    const [inactive] = (await call('GET', '/inactive_tokens')) as { device_token: string }[]
    assert.equal(inactive?.device_token, TOKEN)
    assert.deepEqual(await call('POST', '/notify', { device_tokens: [TOKEN], ...said }), {
      ...{ sent_count: 0, inactive_tokens: [TOKEN], unregistered_tokens: [] },
    })
    assert.deepEqual(await call('POST', '/broadcast', said), { sent_count: 0 })
  })

  it('mod_zeropush: what it was recorded to send is shown by the phone of whoever proves to be the recipient', async t => {
    const { relay, simulator, call, phone } = await startRelay(t)
    await call('POST', '/register', { device_token: TOKEN, channel: 'bob' })
    for (const [index, name] of ['ascii', 'special', 'unicode'].entries()) {
      const bytes = readFileSync(new URL(`./fixtures/zeropush/mod_zeropush-${name}.http`, import.meta.url))
      const response = await fetch(`${relay.url}/zeropush/broadcast/`, {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: new Uint8Array(bytes.subarray(bytes.indexOf('\r\n\r\n') + 4)),
      })
      assert.deepEqual([response.status, await response.json()], [200, { sent_count: 1 }])
      await simulator.received(index + 1)
      const { body, badge, sound, custom } = phone().at(-1) ?? {}
      assert.deepEqual([body, badge, sound], [TYPED[name], index + 1, 'default'])
      assert.deepEqual(custom, { info: { from: 'alice' } })
    }
  })

  it('keeps what it answered 200 for, badge and all, when it is killed while Apple cannot be reached', async t => {
    const { relay, simulator, call, phone } = await startRelay(t)
    const tokens = Array.from({ length: 40 }, (_, number) => `ab${number.toString(16).padStart(62, '0')}`)
    for (const device_token of tokens) await call('POST', '/register', { device_token }, APP)
    await simulator.refuseConnections()
    for (const alert of ['one', 'two']) {
      assert.deepEqual(await call('POST', '/broadcast', { alert, badge: '+1' }), { sent_count: 40 })
    }
    await relay.kill('SIGKILL')
    await simulator.acceptConnections()
    await relay.run()
    await simulator.received(80)
    for (const token of tokens) {
      const shown = phone(token).map(({ body, badge }) => [body, badge])
      assert.deepEqual(shown.toSorted(), [
        ['one', 1],
        ['two', 2],
      ])
    }
  })

  it('wakes an app unseen, and shows nobody a text where previews are off', async t => {
    const { simulator, call, phone } = await startRelay(t, { RELAY_PREVIEW: 'none' })
    await call('POST', '/register', { device_token: TOKEN })
    await call('POST', '/notify', { device_tokens: TOKEN, content_available: 'true' })
    await simulator.received(1)
    await call('POST', '/notify', {
      ...{ device_tokens: TOKEN, alert: { title: 'Secret', body: 'secret' }, badge: 4 },
      ...{ sound: 'alice.aiff', category: 'SECRET', info: { from: 'alice' } },
    })
    await simulator.received(2)
    const [unseen, hidden] = phone()
    assert.deepEqual([unseen?.pushType, unseen?.priority, unseen?.body], ['background', 5, undefined])
    const { title, body, badge, sound, category, custom } = hidden ?? {}
    assert.deepEqual(
      { title, body, badge, sound, category, custom },
      {
        ...{
          title: undefined,
          body: 'New message',
          badge: 4,
          sound: 'default',
          category: undefined,
          custom: {},
        },
      },
    )
  })
})
