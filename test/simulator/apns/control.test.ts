import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { request as httpRequest } from 'node:http'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { APNS_CONTROL } from '../../../src/simulator/apns/control-routes.ts'
import { startControlServer } from '../../../src/simulator/control-server.ts'
import { runSimulator } from '../../../src/simulator/run-simulator.ts'
import { connectApns, signJwt, TOKEN, TOPIC } from '../../support/apns-client.ts'
import { nowSeconds, startRig, streamLimit } from '../../support/apns-simulator.ts'

async function startControl(t: TestContext) {
  const rig = await startRig(t)
  const control = await startControlServer({ simulator: rig.simulator, routes: APNS_CONTROL })
  t.after(() => control.close())
  async function call(method: string, path: string, body?: unknown) {
    const text = typeof body === 'string' ? body : JSON.stringify(body)
    const response = await fetch(`${control.url}${path}`, {
      method,
      ...(text === undefined ? {} : { body: text }),
    })
    const answer = await response.text()
    return { status: response.status, body: answer === '' ? undefined : JSON.parse(answer), text: answer }
  }
  return { ...rig, control, call }
}

test('shows what a phone shows, readable and newest first', async t => {
  const { client, call } = await startControl(t)
  assert.deepEqual((await call('GET', `/phones/${TOKEN}`)).body, {
    token: TOKEN,
    received: 0,
    notifications: [],
  })
  await client.push({
    headers: { 'apns-expiration': '1900000000' },
    body: { aps: { alert: { body: 'one' } } },
  })
  await client.push({ body: { aps: { alert: { title: 'Anna', body: 'two' } } } })
  const { status, body, text } = await call('GET', `/phones/${TOKEN.toUpperCase()}`)
  assert.equal(status, 200)
  assert.match(text, /\n {2}"received": 2,\n/)
  assert.deepEqual(
    body.notifications.map((shown: { body: string }) => shown.body),
    ['two', 'one'],
  )
  assert.equal(body.notifications[1].expiration, '2030-03-17T17:46:40.000Z')
  assert.match(body.notifications[0].receivedAt, /^\d{4}-\d\d-\d\dT.*Z$/)
  const list = await call('GET', '/phones')
  assert.deepEqual(list.body, { total: 1, phones: [{ token: TOKEN, received: 2, shown: 2 }] })
  assert.equal((await call('DELETE', '/phones')).status, 204)
  assert.equal((await call('GET', '/phones')).body.total, 0)
})

test('tells which ids were pushed, and how often', async t => {
  const { client, call } = await startControl(t)
  const id = '123e4567-e89b-12d3-a456-426614174000'
  for (let n = 0; n < 2; n += 1) await client.push({ headers: { 'apns-id': id } })
  assert.deepEqual((await call('GET', '/ids')).body, { distinct: 1, forgotten: 0, repeated: { [id]: 2 } })
  assert.deepEqual((await call('GET', `/ids/${id}`)).body, { id, count: 2 })
  const { body } = await call('GET', '/stats')
  assert.deepEqual([body.received, body.ids], [2, { distinct: 1, repeated: 1, forgotten: 0 }])
})

test('sets and clears faults, and facts about tokens', async t => {
  const { client, call } = await startControl(t)
  const fault = { action: 'answer', status: 500, reason: 'InternalServerError' }
  const set = await call('PUT', '/faults', fault)
  assert.deepEqual([set.status, set.body.faults[0].fault], [200, fault])
  assert.equal((await client.push()).status, 500)
  assert.equal((await call('GET', '/faults')).body.faults[0].strikes, 1)
  assert.equal((await call('PUT', '/faults', [])).body.faults.length, 0)
  await call('PUT', '/faults', [fault])
  assert.equal((await call('DELETE', '/faults')).status, 204)
  assert.equal((await client.push()).status, 200)
  assert.equal((await call('PUT', `/tokens/${TOKEN}`, { unregisteredAt: 1000 })).status, 204)
  assert.deepEqual((await client.push()).timestamp, 1000)
  assert.equal((await call('DELETE', `/tokens/${TOKEN}`)).status, 204)
  assert.equal((await client.push()).status, 200)
})

test('steers connections', async t => {
  const { client, connect, call } = await startControl(t)
  await client.push()
  assert.equal((await call('PUT', '/stream-limit', { limit: 7 })).status, 204)
  await streamLimit(client, 7)
  assert.equal((await call('POST', '/goaway', { code: 'NO_ERROR', reason: 'Shutdown' })).status, 204)
  await client.closed
  const second = connect()
  await second.push()
  assert.equal((await call('POST', '/drop')).status, 204)
  await second.closed
  assert.equal((await call('POST', '/refuse')).status, 204)
  assert.ok('error' in (await connect().tryPush()))
  assert.equal((await call('POST', '/accept')).status, 204)
  assert.equal((await connect().push()).status, 200)
})

test('bad input gets a clear answer and changes nothing', async t => {
  const { call } = await startControl(t)
  const bad: [method: string, path: string, body: unknown, status: number, error: RegExp][] = [
    ['GET', '/phones/xyz', undefined, 400, /device token/],
    ['GET', '/phones/abc', undefined, 400, /device token/],
    ['GET', '/nothing', undefined, 404, /GET \/phones/],
    ['GET', '//', undefined, 404, /no such call/],
    ['GET', '/phones/ab/cd', undefined, 404, /no such call/],
    ['POST', '/phones', undefined, 405, /DELETE \/phones/],
    ['PUT', '/faults', '{', 400, /not JSON/],
    ['PUT', '/faults', undefined, 400, /must be a JSON object/],
    ['PUT', '/faults', [{ action: 'hang' }, { action: 'nap' }], 400, /action must be one of/],
    ['PUT', '/faults', 'x'.repeat(300_000), 400, /at most/],
    ['PUT', '/stream-limit', { limit: -1 }, 400, /limit must be/],
    ['PUT', '/stream-limit', {}, 400, /needs "limit"/],
    ['POST', '/goaway', { lastStreamId: 2 }, 400, /odd/],
    ['POST', '/goaway', [], 400, /JSON object/],
    ['PUT', `/tokens/${TOKEN}`, { unregisteredAt: 'now' }, 400, /unregisteredAt must be/],
    ['PUT', `/tokens/${TOKEN}`, { topik: 'x' }, 400, /no field "topik"/],
  ]
  for (const [method, path, body, status, error] of bad) {
    const answer = await call(method, path, body)
    assert.equal(answer.status, status, `${method} ${path}`)
    assert.match(answer.body.error, error)
  }
  assert.deepEqual((await call('GET', '/faults')).body, { faults: [] })
})

test('web pages cannot use it', async t => {
  const { control } = await startControl(t)
  const statusWith = (headers: Record<string, string>) =>
    new Promise(resolve => {
      const request = httpRequest(`${control.url}/phones`, { headers }, response => {
        response.resume()
        resolve(response.statusCode)
      })
      request.end()
    })
  assert.equal(await statusWith({}), 200)
  assert.equal(await statusWith({ origin: 'https://evil.example' }), 403)
  assert.equal(await statusWith({ host: 'evil.example' }), 403)
})

test('runs as a process would, with a key and a certificate that survive a restart', async t => {
  const directory = await mkdtemp(join(tmpdir(), 'apns-simulator-'))
  t.after(() => rm(directory, { recursive: true }))
  const lines: string[] = []
  const print = (line: string) => void lines.push(line)
  const first = await runSimulator({ port: 0, controlPort: 0, directory, print })
  const told = Object.fromEntries(lines.slice(2).map(line => line.split('=', 2)))
  await first.close()
  assert.equal((await stat(told.RELAY_APNS_KEY_FILE)).mode & 0o777, 0o600)
  const second = await runSimulator({ port: 0, controlPort: 0, directory, print })
  t.after(() => second.close())
  const key = {
    keyId: told.RELAY_APNS_KEY_ID,
    teamId: told.RELAY_APNS_TEAM_ID,
    privateKey: await readFile(told.RELAY_APNS_KEY_FILE, 'utf8'),
    publicKey: '',
  }
  const ca = await readFile(told.RELAY_APNS_CA_FILE, 'utf8')
  const client = connectApns({ url: second.simulator.url, ca }, { jwt: signJwt(key, nowSeconds()) })
  t.after(() => client.close())
  assert.equal((await client.push({ headers: { 'apns-topic': TOPIC } })).status, 200)
  const shown = await fetch(`${second.control.url}/phones/${TOKEN}`)
  assert.equal(((await shown.json()) as { received: number }).received, 1)
  assert.doesNotMatch(lines.join('\n'), /PRIVATE KEY/)
})

test('a taken port is an error, and leaves nothing running', async t => {
  const directory = await mkdtemp(join(tmpdir(), 'apns-simulator-'))
  t.after(() => rm(directory, { recursive: true }))
  const other = createServer().listen(0, '127.0.0.1')
  await new Promise(resolve => other.once('listening', resolve))
  t.after(() => other.close())
  const { port } = other.address() as { port: number }
  const print = () => {}
  await assert.rejects(runSimulator({ port, controlPort: 0, directory, print }), { code: 'EADDRINUSE' })
  await assert.rejects(runSimulator({ port: 0, controlPort: port, directory, print }), { code: 'EADDRINUSE' })
})
