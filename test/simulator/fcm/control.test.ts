import assert from 'node:assert/strict'
import { readFileSync, statSync } from 'node:fs'
import { createServer } from 'node:net'
import { type TestContext, test } from 'node:test'
import { parseServiceAccount } from '../../../src/providers/fcm/service-account.ts'
import { startControlServer } from '../../../src/simulator/control-server.ts'
import { FCM_CONTROL } from '../../../src/simulator/fcm/control-routes.ts'
import { runFcmSimulator } from '../../../src/simulator/fcm/run-fcm-simulator.ts'
import { accessTokenOf, connectFcm, startFcm, TOKEN } from '../../support/fcm-simulator.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'

async function rig(t: TestContext) {
  const simulator = await startFcm(t)
  const control = await startControlServer({ simulator, routes: FCM_CONTROL })
  t.after(() => control.close())
  const accessToken = await accessTokenOf(simulator)
  const fcm = connectFcm(t, simulator)
  const send = async (fields: object = {}) => {
    const message = { token: TOKEN, notification: { body: 'Hi' }, ...fields }
    return (await fcm.send({ accessToken, body: { message } })).status
  }
  async function call(method: string, path: string, body?: unknown) {
    const json = body === undefined ? {} : { body: JSON.stringify(body) }
    const response = await fetch(`${control.url}${path}`, { method, ...json })
    const text = await response.text()
    return { status: response.status, body: text === '' ? undefined : JSON.parse(text) }
  }
  return { simulator, send, call }
}

test('shows what a phone gets, also after it was off', async t => {
  const { send, call } = await rig(t)
  await send({ android: { collapse_key: 'a', notification: { tag: 't' } }, data: { chat: '{}' } })
  assert.equal((await call('PUT', `/phones/${TOKEN}`, { isOff: true })).status, 204)
  await send()
  const { body } = await call('GET', `/phones/${TOKEN}`)
  assert.deepEqual([body.received, body.hasMissed, body.messages.length], [1, false, 1])
  assert.deepEqual(
    [body.drawer[0].body, body.drawer[0].tag, body.drawer[0].data],
    ['Hi', 't', { chat: '{}' }],
  )
  assert.match(body.drawer[0].sentAt, /^\d{4}-.*Z$/)
  await call('PUT', `/phones/${TOKEN}`, { isOff: false })
  assert.deepEqual((await call('GET', '/phones')).body, {
    total: 1,
    phones: [{ token: TOKEN, received: 2, shown: 2 }],
  })
  await call('DELETE', '/phones')
  assert.equal((await call('GET', '/phones')).body.total, 0)
})

test('decides the fate of tokens, quotas and access tokens', async t => {
  const { send, call } = await rig(t)
  await call('PUT', `/tokens/${TOKEN}`, { fate: 'unregistered' })
  assert.equal(await send(), 404)
  await call('DELETE', `/tokens/${TOKEN}`)
  assert.equal(await send(), 200)
  await call('PUT', '/quota', { isExhausted: true, retryAfter: '5' })
  assert.equal(await send(), 429)
  await call('PUT', '/quota', { isExhausted: false })
  assert.equal(await send(), 200)
  await call('POST', '/revoke')
  assert.equal(await send(), 401)
})

test('sets and clears faults, and cuts connections', async t => {
  const { simulator, send, call } = await rig(t)
  const set = await call('PUT', '/faults', {
    action: 'answer',
    status: 503,
    reason: 'UNAVAILABLE',
    token: TOKEN,
  })
  assert.equal(set.body.faults.length, 1)
  assert.equal(await send(), 503)
  await call('DELETE', '/faults')
  assert.deepEqual((await call('GET', '/faults')).body, { faults: [] })
  assert.equal((await call('GET', '/stats')).body.strikes, 1)
  assert.equal((await call('POST', '/goaway', { code: 'NO_ERROR' })).status, 204)
  await simulator.until(({ connections }) => connections.open === 0)
})

test('says what is wrong with a call', async t => {
  const { call } = await rig(t)
  for (const [method, path, body, status, error] of [
    ['GET', '/phones/a%20b', undefined, 400, /registration token/],
    ['PUT', `/phones/${TOKEN}`, { off: true }, 400, /no field "off"/],
    ['PUT', `/tokens/${TOKEN}`, {}, 400, /needs a fate/],
    ['PUT', `/tokens/${TOKEN}`, { fate: 'dead' }, 400, /must be one of unregistered/],
    ['PUT', '/quota', [], 400, /JSON object/],
    ['PUT', '/faults', { action: 'explode' }, 400, /action must be/],
    ['PUT', '/faults', null, 400, /JSON object/],
    ['PATCH', '/quota', undefined, 405, /PUT \/quota/],
    ['GET', '/nothing', undefined, 404, /no such call/],
  ] as const) {
    const answer = await call(method, path, body)
    assert.equal(answer.status, status, path)
    assert.match(answer.body.error, error)
  }
})

test('runs as a process would, with a key file and a certificate that survive a restart', async t => {
  const directory = temporaryDirectory(t)
  const lines: string[] = []
  const ports = { port: 0, tokenPort: 0, controlPort: 0 }
  const first = await runFcmSimulator({ ...ports, directory, print: line => void lines.push(line) })
  const told = Object.fromEntries(lines.slice(2).map(line => line.split('=', 2)))
  assert.equal(told.RELAY_FCM_URL, first.simulator.url)
  const content = readFileSync(told.RELAY_FCM_SERVICE_ACCOUNT_FILE)
  assert.equal(statSync(told.RELAY_FCM_SERVICE_ACCOUNT_FILE).mode & 0o777, 0o600)
  const parsed = parseServiceAccount(content, true)
  assert.ok(parsed.ok)
  await first.close()
  const second = await runFcmSimulator({ ...ports, directory, print() {} })
  t.after(() => second.close())
  assert.equal(second.simulator.ca, readFileSync(told.RELAY_FCM_CA_FILE, 'utf8'))
  assert.equal(second.simulator.account.privateKey, parsed.value.privateKey)
  assert.doesNotMatch(lines.join('\n'), /PRIVATE KEY/)
})

test('a taken port is an error, and leaves nothing running', async t => {
  const directory = temporaryDirectory(t)
  const other = createServer().listen(0, '127.0.0.1')
  await new Promise(resolve => other.once('listening', resolve))
  t.after(() => other.close())
  const { port: taken } = other.address() as { port: number }
  const free = { port: 0, tokenPort: 0, controlPort: 0 }
  for (const which of ['port', 'tokenPort', 'controlPort']) {
    const starting = runFcmSimulator({ ...free, [which]: taken, directory, print() {} })
    await assert.rejects(starting, { code: 'EADDRINUSE' })
  }
})
