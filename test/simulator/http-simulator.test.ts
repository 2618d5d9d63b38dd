import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import type { HttpFault } from '../../src/simulator/http-fault.ts'
import { type HttpSimulatorOptions, startHttpSimulator } from '../../src/simulator/http-simulator.ts'
import { identity, startClient } from '../http1/support/rig.ts'
import { FakeClock } from '../support/fake-clock.ts'

async function startRig(t: TestContext, options: Partial<HttpSimulatorOptions> = {}) {
  const simulator = await startHttpSimulator({
    respond: ({ method, path }) => ({ status: 200, headers: { 'x-a': 'b' }, body: `${method} ${path}` }),
    ...options,
  })
  t.after(() => simulator.close())
  return { simulator, ...(await startClient(t, simulator.url, { limits: { responseBytes: 2 ** 24 } })) }
}

describe('the base of HTTP/1.1 simulators', () => {
  it('passes on whole requests as they came, and answers', async t => {
    const clock = new FakeClock()
    const { simulator, client } = await startRig(t, { clock })
    const result = await client.request({
      method: 'PUT',
      path: '/a%2Fb?x=1&y=%20&x=2',
      headers: { 'x-one': 'ä', 'content-type': 'text/plain' },
      body: Buffer.from('é'),
    })
    assert.ok(result.kind === 'response')
    assert.deepEqual([result.status, result.headers['x-a'], result.body.toString()], [200, 'b', 'PUT /a%2Fb'])
    const [request] = simulator.requests
    assert.deepEqual(request?.query.getAll('x'), ['1', '2'])
    assert.equal(request?.query.get('y'), ' ')
    assert.equal(request?.headers['x-one'], 'ä')
    assert.deepEqual(request?.rawHeaders.slice(0, 2), ['x-one', 'ä'])
    assert.deepEqual([request?.body.toString(), request?.at], ['é', clock.now()])
  })

  it('speaks HTTPS when it has a certificate', async t => {
    const { simulator, ask, states } = await startRig(t, { identity: await identity })
    assert.match(simulator.url, /^https:\/\/127\.0\.0\.1:\d+$/)
    assert.deepEqual([await ask(), await ask()], ['200 POST /notify', '200 POST /notify'])
    assert.deepEqual(states, ['connected'])
    assert.deepEqual(simulator.stats(), {
      connections: { open: 1, total: 1 },
      requests: 2,
      responded: 2,
      strikes: 0,
    })
  })

  it('remembers only the newest requests', async t => {
    const { simulator, ask } = await startRig(t, { memory: 2 })
    for (const path of ['/1', '/2', '/3']) await ask({ path })
    assert.deepEqual(
      simulator.requests.map(({ path }) => path),
      ['/2', '/3'],
    )
  })

  it('takes no endless body', async t => {
    const { simulator, ask } = await startRig(t, { bodyBytes: 10 })
    assert.equal(await ask({ body: Buffer.alloc(10) }), '200 POST /notify')
    assert.equal(await ask({ body: Buffer.alloc(11) }), '413 ')
    assert.equal(simulator.stats().requests, 1)
  })

  it('lets tests wait, and ends the wait when it closes', async t => {
    const { simulator, ask } = await startRig(t)
    const [received] = await Promise.all([simulator.received(2), ask(), ask()])
    assert.equal(received, undefined)
    const never = simulator.received(3)
    await Promise.all([assert.rejects(never, /closed before/), simulator.close()])
    await simulator.close()
  })

  it('refuses connections, and takes them again on the same port', async t => {
    const { simulator, ask, change } = await startRig(t)
    await ask()
    simulator.refuseConnections()
    const closed = change()
    simulator.dropConnections()
    await closed
    assert.equal(await ask(), 'not-processed ECONNREFUSED unreachable')
    await simulator.acceptConnections()
    assert.equal(await ask(), '200 POST /notify')
  })
})

const BIG = Buffer.alloc(10_000_000, 'x')
const FAULTS: [fault: HttpFault, expected: string][] = [
  [{ action: 'answer', status: 503, headers: { 'retry-after': '3' }, body: '<html>' }, '503 <html>'],
  [{ action: 'answer', status: 200, body: BIG }, `200 ${BIG}`],
  [{ action: 'reset' }, 'unknown ECONNRESET'],
  [{ action: 'drop' }, 'unknown ECONNRESET'],
  [{ action: 'truncate', status: 202, body: 'half' }, 'unknown 202 ECONNRESET'],
]

describe('its faults', () => {
  for (const scheme of ['http', 'https'])
    for (const [fault, expected] of FAULTS)
      it(`${fault.action} over ${scheme}`, async t => {
        const given = scheme === 'https' ? { identity: await identity } : {}
        const { simulator, ask } = await startRig(t, { ...given, faults: [{ ...fault, times: 1 }] })
        const struck = await ask()
        assert.ok(struck === expected, struck.slice(0, 100))
        assert.equal(await ask(), '200 POST /notify')
        const { requests, responded, strikes } = simulator.stats()
        assert.deepEqual([requests, responded, strikes], [2, 1, 1])
      })

  for (const action of ['hang', 'stall'] as const)
    it(action, async t => {
      const { simulator, ask, clock } = await startRig(t, { faults: [{ action }] })
      const result = ask()
      await simulator.until(({ strikes }) => strikes === 1)
      clock.advance(10_000)
      assert.match(await result, /^unknown (?:200 )?timeout$/)
    })

  it('delay', async t => {
    const clock = new FakeClock()
    const { simulator, ask } = await startRig(t, { clock, faults: [{ action: 'delay', delayMs: 500 }] })
    const result = ask()
    await simulator.until(({ strikes }) => strikes === 1)
    clock.advance(499)
    assert.equal(simulator.stats().responded, 0)
    clock.advance(1)
    assert.equal(await result, '200 POST /notify')
  })

  it('delayed still when it closes', async t => {
    const clock = new FakeClock()
    const { simulator, ask } = await startRig(t, { clock, faults: [{ action: 'reset', delayMs: 500 }] })
    const result = ask()
    await simulator.until(({ strikes }) => strikes === 1)
    await simulator.close()
    assert.match(await result, /^unknown/)
    assert.equal(clock.pendingTimers(), 0)
  })

  it('shown: only the answer is lost', async t => {
    const { simulator, ask } = await startRig(t, { faults: [{ action: 'drop', shown: true, times: 1 }] })
    assert.match(await ask(), /^unknown/)
    assert.equal(simulator.stats().responded, 1)
  })

  it('strike whom they are for, so often, and never what is refused anyway', async t => {
    const { simulator, ask } = await startRig(t, {
      refuse: ({ path }) => (path === '/bad' ? { status: 400 } : undefined),
    })
    const { faults } = simulator
    faults.add({ action: 'answer', status: 429, when: ({ body }) => body.includes('token-1') })
    assert.equal(await ask({ body: Buffer.from('token-1') }), '429 ')
    assert.equal(await ask(), '200 POST /notify')
    faults.replace([{ action: 'answer', status: 500, after: 1, times: 1 }])
    assert.equal(await ask({ path: '/bad' }), '400 ')
    const answers = [await ask(), await ask(), await ask()].map(text => text.slice(0, 3))
    assert.deepEqual(answers, ['200', '500', '200'])
    assert.equal(faults.list()[0]?.strikes, 1)
    const id = faults.add({ action: 'hang' })
    assert.deepEqual([faults.remove(id), faults.remove(id)], [true, false])
    faults.clear()
    assert.deepEqual(faults.list(), [])
    assert.equal(await ask(), '200 POST /notify')
  })
})
