import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { createZeroPushProvider } from '../../../src/providers/zeropush/zeropush-provider.ts'
import type { Store } from '../../../src/store/store.ts'
import { StoreUnavailableError } from '../../../src/store/store-unavailable.ts'
import { APP, createZeropushApp, markDead, SERVER, tokenOf } from '../../http/zeropush/support.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { recordReport } from '../../support/provider-report.ts'
import { aNotification, aPush } from '../../support/pushes.ts'

const TOKEN = tokenOf(1)

/** The adapter, and in the place of ZeroPush this relay itself, over a socket. */
async function startRig(t: TestContext, { serverToken = SERVER, store = {} as Partial<Store> } = {}) {
  const app = await createZeropushApp(t, { store })
  const url = `${await app.http.listen({ host: '127.0.0.1', port: 0 })}/zeropush`
  const report = recordReport()
  const provider = createZeroPushProvider({ url, serverToken, clock: new FakeClock(Date.now()), report })
  t.after(() => provider.close())
  const send = (token = TOKEN, changes = {}) => provider.send(aPush('zeropush', token, changes))
  return { app, report, send }
}

describe('the ZeroPush provider against our own API', () => {
  it('registers a device that is not known, and pushes who wrote and what', async t => {
    const { app, report, send } = await startRig(t)
    const notification = aNotification({ unread: 3 })
    assert.deepEqual(await send(TOKEN, { notification }), { kind: 'accepted', status: 200 })
    assert.deepEqual(await send(TOKEN, { notification }), { kind: 'accepted', status: 200 })
    const { chat } = notification
    assert.deepEqual(
      app.handedOff.map(({ content }) => [content.body, content.unread, content.direct]),
      Array(2).fill(['alice: Hi', 3, { sound: 'default', category: 'chat', info: { chat } }]),
    )
    assert.deepEqual(report.unknown, [])
  })

  it('lets no sender write a dictionary of Apple’s into an alert', async t => {
    const { app, send } = await startRig(t)
    const notification = aNotification({ nick: '{"loc-key"', body: ' "FORGED"}' })
    assert.equal((await send(TOKEN, { notification })).kind, 'accepted')
    const { body, direct } = app.handedOff[0]?.content ?? {}
    assert.deepEqual([body, direct?.alert], ['{"loc-key":  "FORGED"}', undefined])
  })

  it('hears of a token that no provider has, of wrong credentials, and of a store that cannot write', async t => {
    const { report, send } = await startRig(t)
    const parameter = { status: 400, reason: 'parameter error' }
    assert.deepEqual(await send('not-hex'), { kind: 'misaddressed', fault: 'app', ...parameter })
    assert.deepEqual(report.unknown, ['400 parameter error'])
    for (const [serverToken, status] of [
      ['server_token_of_nobody_else', 401],
      [APP, 403],
    ] as const) {
      const { scope, ...outcome } = (await (await startRig(t, { serverToken })).send()) as { scope?: string }
      assert.match(scope ?? '', /^zeropush\/[0-9a-f]{12}\/production$/)
      assert.deepEqual(outcome, { kind: 'blocked', status, reason: 'authorization error' })
    }
    const accept = async () => Promise.reject(new StoreUnavailableError('disk-full'))
    const full = await startRig(t, { store: { accept } })
    const wait = { status: 503, reason: 'server error', retryAfterMs: 120_000 }
    assert.deepEqual(await full.send(), { kind: 'failed', pace: 'server', ...wait })
  })

  it('hears of a device that is dead', async t => {
    const { app, send } = await startRig(t)
    await send()
    await markDead(app, TOKEN)
    assert.deepEqual(await send(), { kind: 'unregistered', status: 200, reason: 'inactive_tokens' })
  })
})
