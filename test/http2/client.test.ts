import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { systemClock } from '../../src/domain/clock.ts'
import type { RequestResult } from '../../src/http2/http2-client.ts'
import { type ClientLimits, createHttp2Client, type Http2ClientOptions } from '../../src/http2/pool.ts'
import type { ApnsSimulatorOptions } from '../../src/simulator/apns/apns-simulator.ts'
import { startRig } from '../support/apns-simulator.ts'

const TOKEN = 'ab'.repeat(32)
const BODY = Buffer.from('{"aps":{"alert":{"title":"a","body":"b"}}}')

async function startClient(
  t: TestContext,
  options: Partial<ApnsSimulatorOptions> = {},
  limits: Partial<ClientLimits> = {},
) {
  const { simulator, jwt } = await startRig(t, options)
  const connections: string[] = []
  const clientOptions: Http2ClientOptions = {
    origin: simulator.url,
    tls: { ca: simulator.ca },
    clock: systemClock,
    limits,
    onConnection: state => connections.push(state),
  }
  const client = createHttp2Client(clientOptions)
  t.after(() => client.close())
  const request = {
    method: 'POST',
    path: `/3/device/${TOKEN}`,
    headers: { authorization: `bearer ${jwt}`, 'apns-topic': 'com.example.chat', 'apns-push-type': 'alert' },
    uniqueHeaders: {},
    body: BODY,
  }
  const push = () => client.request(request)
  const pushMany = (count: number) => Promise.all(Array.from({ length: count }, push))
  return { simulator, client, clientOptions, request, connections, push, pushMany }
}

const kinds = (results: RequestResult[]) =>
  results.map(result => (result.kind === 'response' ? result.status : `${result.kind} ${result.reason}`))

describe('the client against the APNs simulator', () => {
  it('carries many requests on one connection, from the one stream that Apple allows at first', async t => {
    const { client, pushMany, connections } = await startClient(t)
    assert.equal(client.state(), 'idle')
    const results = await pushMany(500)
    assert.deepEqual(new Set(kinds(results)), new Set([200]))
    assert.deepEqual(connections, ['connected'])
    assert.equal(client.state(), 'ready')
  })

  it('never opens more streams than the peer allows', async t => {
    const { pushMany } = await startClient(t, { streamLimit: 5 })
    assert.deepEqual(new Set(kinds(await pushMany(100))), new Set([200]))
  })

  it('gives the answer with its reason', async t => {
    const { simulator, push } = await startClient(t)
    simulator.faults.add({
      action: 'answer',
      status: 503,
      reason: 'ServiceUnavailable',
      times: 1,
      retryAfter: '7',
    })
    const result = await push()
    assert.ok(result.kind === 'response')
    assert.deepEqual(
      [result.status, JSON.parse(result.body.toString())],
      [503, { reason: 'ServiceUnavailable' }],
    )
    assert.equal(result.headers['retry-after'], '7')
  })

  it('tells that nothing was sent when nobody listens, and connects again later', async t => {
    const { simulator, client, push, connections } = await startClient(t)
    await simulator.refuseConnections()
    const result = await push()
    assert.deepEqual(result, { kind: 'not-processed', reason: 'ECONNREFUSED', isUnreachable: true })
    assert.equal(client.state(), 'down')
    await simulator.acceptConnections()
    assert.deepEqual(kinds([await push()]), [200])
    assert.deepEqual(connections, ['failed', 'connected'])
  })

  it("does not talk to a server whose certificate is not the authority's", async t => {
    const { clientOptions, request } = await startClient(t)
    const client = createHttp2Client({ ...clientOptions, tls: {} })
    t.after(() => client.close())
    const result = await client.request(request)
    assert.ok(result.kind === 'not-processed' && result.isUnreachable)
    assert.match(result.reason, /^(SELF_SIGNED|UNABLE_TO|DEPTH_ZERO)/)
  })

  it('after GOAWAY new requests take a new connection, those under way get their answer', async t => {
    const { simulator, pushMany, push, connections } = await startClient(t)
    await push()
    simulator.faults.add({ action: 'delay', delayMs: 20 })
    const before = pushMany(50)
    await simulator.until(stats => stats.requests >= 51)
    simulator.goaway({ double: true })
    const after = kinds(await pushMany(50))
    assert.deepEqual(new Set(kinds(await before)), new Set([200]))
    assert.ok(
      after.every(result => result === 200 || String(result).startsWith('not-processed')),
      String(after),
    )
    assert.deepEqual(kinds([await push()]), [200])
    assert.equal(connections.filter(state => state === 'connected').length, 2)
  })

  it('is exact about requests above the last stream of a GOAWAY: they were not processed', async t => {
    const { simulator, push, pushMany } = await startClient(t)
    await push()
    simulator.faults.add({ action: 'goaway', times: 1 })
    const results = kinds(await pushMany(20))
    assert.ok(results.some(result => String(result).startsWith('not-processed')))
    assert.ok(
      results.every(result => result === 200 || String(result).startsWith('not-processed')),
      String(results),
    )
    assert.deepEqual(kinds(await pushMany(20)), Array(20).fill(200))
  })

  it('is exact about refused streams', async t => {
    const { simulator, push } = await startClient(t)
    simulator.faults.add({ action: 'reset', code: 'REFUSED_STREAM', times: 1 })
    assert.deepEqual(await push(), {
      kind: 'not-processed',
      reason: 'refused-stream',
      isUnreachable: false,
      isRefused: true,
    })
  })

  it('does not know what became of requests on a connection that broke', async t => {
    const { simulator, push, pushMany } = await startClient(t)
    await push()
    simulator.faults.add({ action: 'hang' })
    const results = pushMany(10)
    await simulator.until(stats => stats.requests >= 11)
    simulator.dropConnections()
    for (const result of await results) assert.equal(result.kind, 'unknown')
    simulator.faults.clear()
    assert.deepEqual(kinds([await push()]), [200])
  })

  it('leaves a connection whose requests all time out, and says of each what is known', async t => {
    const { simulator, push, pushMany, connections } = await startClient(
      t,
      {},
      { requestMs: 50, queueMs: 20_000 },
    )
    await push()
    simulator.faults.add({ action: 'hang' })
    assert.deepEqual(new Set(kinds(await pushMany(5))), new Set(['unknown timeout']))
    simulator.faults.clear()
    assert.deepEqual(kinds([await push()]), [200])
    assert.equal(connections.filter(state => state === 'connected').length, 2)
  })

  it('does not let requests wait for ever behind the one stream of a peer that hangs', async t => {
    const { simulator, pushMany, push } = await startClient(
      t,
      { streamLimit: 1 },
      { requestMs: 20_000, queueMs: 50 },
    )
    simulator.faults.add({ action: 'hang', times: 1 })
    const [first, ...rest] = Array.from({ length: 10 }, push)
    for (const result of await Promise.all(rest)) {
      assert.deepEqual(result, { kind: 'not-processed', reason: 'no-stream', isUnreachable: true })
    }
    assert.deepEqual(new Set(kinds(await pushMany(3))), new Set([200]))
    simulator.dropConnections()
    assert.equal((await first)?.kind, 'unknown')
  })

  it('finishes what is under way when it is closed, and takes nothing more', async t => {
    const { simulator, client, push } = await startClient(t)
    await push()
    simulator.faults.add({ action: 'delay', delayMs: 20 })
    const underWay = push()
    await simulator.until(stats => stats.requests >= 2)
    await client.close()
    assert.deepEqual(kinds([await underWay]), [200])
    assert.equal((await push()).kind, 'not-processed')
  })
})
