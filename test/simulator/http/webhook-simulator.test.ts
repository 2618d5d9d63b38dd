import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { describe, it, type TestContext } from 'node:test'
import { startWebhookSimulator } from '../../../src/simulator/http/webhook-simulator.ts'
import { startClient } from '../../http1/support/rig.ts'
import { FakeClock } from '../../support/fake-clock.ts'

const SECRET = `whsec_${Buffer.alloc(32, 'k').toString('base64')}`
const ID = '9a0ed08d-107b-87e4-8dbb-968f1e72721e'
const GOOD = {
  id: ID,
  expiresAt: '2030-01-02T03:04:05.000Z',
  device: { id: 'phone1', app: 'default', token: 'device-4711' },
  notification: { title: 'alice', body: '', threadId: 't', collapseId: 'c', chat: { id: 'm' } },
}

interface Changes {
  method?: string
  path?: string
  headers?: Record<string, string>
  body?: unknown
  raw?: Buffer
  secret?: string
  id?: string
  at?: number
}

/** Signs on its own: neither as the simulator nor as the provider does it. */
function requestOf(changes: Changes, now: number) {
  const { method = 'POST', path = '/push', body = GOOD, id = ID, secret = SECRET } = changes
  const bytes = changes.raw ?? Buffer.from(JSON.stringify(body))
  const timestamp = changes.at ?? Math.floor(now / 1000)
  const key = secret.startsWith('whsec_') ? Buffer.from(secret.slice(6), 'base64') : Buffer.from(secret)
  const signature = createHmac('sha256', key).update(
    `${id}.${timestamp}.${bytes.toString('latin1')}`,
    'latin1',
  )
  const headers = {
    'content-type': 'application/json',
    'webhook-id': id,
    'webhook-timestamp': String(timestamp),
    'webhook-signature': `v1,${signature.digest('base64')}`,
    ...changes.headers,
  }
  return { method, path, headers, body: bytes }
}

async function startRig(t: TestContext, secret = SECRET) {
  const clock = new FakeClock()
  const simulator = await startWebhookSimulator({ secret, clock })
  t.after(() => simulator.close())
  const { ask } = await startClient(t, simulator.url)
  return { clock, simulator, send: (changes: Changes = {}) => ask(requestOf(changes, clock.now())) }
}

const SECONDS = Math.floor(new FakeClock().now() / 1000)
const without = (...keys: string[]) => ({ headers: Object.fromEntries(keys.map(key => [key, ''])) })

const REFUSED: [name: string, changes: Changes, status: number, error: RegExp][] = [
  ['another path', { path: '/push/' }, 404, /nothing/],
  ['another query', { path: '/push?x=y' }, 404, /nothing/],
  ['another method', { method: 'PUT' }, 405, /POST/],
  ['another content type', { headers: { 'content-type': 'text/plain' } }, 415, /json/],
  ['too much', { raw: Buffer.alloc(50_000, ' ') }, 413, /long/],
  ['no id', without('webhook-id'), 401, /no id/],
  ['no time', without('webhook-timestamp'), 401, /no time/],
  ['no signature', without('webhook-signature'), 401, /not signed/],
  ['an id that could move the dots', { id: 'a.1' }, 401, /no id/],
  ['milliseconds', { at: SECONDS * 1000 }, 401, /seconds/],
  ['an old request', { at: SECONDS - 301 }, 401, /old/],
  ['a request from the future', { at: SECONDS + 301 }, 401, /new/],
  ['another secret', { secret: 'x'.repeat(32) }, 401, /not signed/],
  ['another version', { headers: { 'webhook-signature': 'v2,AAAA' } }, 401, /not signed/],
  ['no JSON', { raw: Buffer.from('{') }, 422, /JSON/],
  ['no UTF-8', { raw: Buffer.from('"\xff"', 'latin1') }, 422, /JSON/],
  ['no object', { body: [GOOD] }, 422, /body is no object/],
  ['a key too many', { body: { ...GOOD, more: 1 } }, 422, /body has a key too many/],
  ['a key too many within', { body: { ...GOOD, device: { ...GOOD.device, kind: 'x' } } }, 422, /device has/],
  ['a key too few', { body: { ...GOOD, notification: undefined } }, 422, /notification is no object/],
  ['an empty token', { body: { ...GOOD, device: { ...GOOD.device, token: '' } } }, 422, /device.token/],
  ['a day that is none', { body: { ...GOOD, expiresAt: '2030-13-02T03:04:05.000Z' } }, 422, /expiresAt/],
  ['another id than in the header', { body: { ...GOOD, id: ID.replace('9', '8') } }, 422, /webhook-id/],
]

describe('the webhook simulator', () => {
  for (const [name, changes, status, error] of REFUSED)
    it(`refuses ${name}`, async t => {
      const { send, simulator } = await startRig(t)
      const answer = await send(changes)
      assert.ok(answer.startsWith(`${status} {"error":"`), answer)
      assert.match(answer, error)
      assert.deepEqual(simulator.webhooks, [])
    })

  it('takes what is right, with one of several signatures, and a secret of any text', async t => {
    const { send, simulator } = await startRig(t, 'any text of thirty-two characters')
    const secret = 'any text of thirty-two characters'
    const signature = requestOf({ secret }, SECONDS * 1000).headers['webhook-signature']
    const headers = { 'webhook-signature': `v1a,xyz v1,AAAA ${signature}` }
    assert.equal(await send({ secret, headers }), '204 ')
    assert.deepEqual(simulator.webhooks, [GOOD])
  })

  it('takes a time that is five minutes off', async t => {
    const { send, simulator } = await startRig(t)
    assert.deepEqual([await send({ at: SECONDS - 300 }), await send({ at: SECONDS + 300 })], ['204 ', '204 '])
    assert.deepEqual(simulator.repeats, [ID])
  })

  it('shows a repeat only once, and takes no other body under the same id', async t => {
    const { send, simulator } = await startRig(t)
    assert.deepEqual([await send(), await send()], ['204 ', '204 '])
    assert.deepEqual([simulator.webhooks.length, simulator.repeats], [1, [ID]])
    assert.match(await send({ body: { ...GOOD, expiresAt: '2031-01-02T03:04:05.000Z' } }), /^409/)
  })

  it('knows dead tokens', async t => {
    const { send, simulator } = await startRig(t)
    simulator.deadTokens.add('device-4711')
    assert.match(await send(), /^410/)
    simulator.deadTokens.delete('device-4711')
    assert.equal(await send(), '204 ')
  })

  it('refuses what is wrong before any fault', async t => {
    const { send, simulator } = await startRig(t)
    simulator.faults.add({ action: 'answer', status: 503 })
    assert.match(await send({ path: '/' }), /^404/)
    assert.equal(await send(), '503 ')
  })
})
