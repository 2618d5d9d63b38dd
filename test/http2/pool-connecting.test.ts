import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { describe, it } from 'node:test'
import { freePorts } from '../support/ports.ts'
import { answer, identity, MINUTE, SECOND, startClient, startHolding, startRig } from './support/pool-rig.ts'
import { ScriptedServer } from './support/scripted-server.ts'

describe('connecting again', () => {
  it('a refusal fails what waits; the first two tries follow at once, later ones after a growing wait', async t => {
    const [port = 0] = await freePorts(1)
    const { client, ask, clock, states } = await startClient(t, `https://localhost:${port}`, {
      limits: { queueMs: 20_000 },
    })
    const refused = ['not-processed ECONNREFUSED']
    assert.deepEqual([await ask(1), await ask(1)], [refused, refused])
    assert.equal(client.state(), 'down')
    // Its random half is half of it: 750 ms, 1500 ms, …
    for (const waitMs of [750, 1500, 3000, 6000, 12_000]) {
      const tries = states.length
      const waiting = ask(1)
      clock.advance(waitMs - 1)
      assert.equal(states.length, tries)
      clock.advance(1)
      assert.deepEqual(await waiting, refused)
    }
    // Longer than a request may wait in the queue.
    const waiting = ask(1)
    clock.advance(20_000)
    assert.deepEqual(await waiting, refused)
  })

  it('works again as soon as somebody listens', async t => {
    const [port = 0] = await freePorts(1)
    const { client, ask, clock } = await startClient(t, `https://localhost:${port}`)
    await ask(1)
    await ask(1)
    const server = await ScriptedServer.start(await identity, answer, {}, port)
    t.after(() => server.stop())
    const waiting = ask(1)
    clock.advance(750)
    assert.deepEqual(await waiting, ['response'])
    assert.equal(client.state(), 'ready')
  })

  it('servers that hang up before they answer are not stormed', async t => {
    const { server, ask, clock, states } = await startRig(t, { script: incoming => incoming.server.drop() })
    assert.deepEqual(await ask(1), ['unknown ECONNRESET'])
    assert.deepEqual(await ask(1), ['unknown ECONNRESET'])
    const waiting = ask(1)
    await new Promise(setImmediate)
    assert.equal(server.sessions.length, 2)
    clock.advance(750)
    assert.deepEqual(await waiting, ['unknown ECONNRESET'])
    assert.equal(states.filter(state => state === 'connected').length, 3)
  })

  it('servers that leave in peace after little are followed at once, then once a second', async t => {
    const { server, ask, clock, states } = await startRig(t, {})
    const bye = async (number: number) => {
      const session = await server.session(number)
      const closed = once(session, 'close')
      session.close()
      await closed
    }
    for (const number of [1, 2]) {
      assert.deepEqual(await ask(1), ['response'])
      await bye(number)
    }
    for (const number of [3, 4]) {
      const waiting = ask(1)
      clock.advance(SECOND - 1)
      assert.equal(states.filter(state => state === 'connected').length, number - 1)
      clock.advance(1)
      assert.deepEqual(await waiting, ['response'])
      await bye(number)
    }
  })

  it('servers that close what has been idle for long are followed at once, however often', async t => {
    const { server, ask, clock } = await startRig(t, {})
    for (let number = 1; number <= 5; number++) {
      assert.deepEqual(await ask(1), ['response'])
      clock.advance(5 * SECOND)
      const session = await server.session(number)
      const closed = once(session, 'close')
      session.close()
      await closed
    }
  })

  it('credentials that OpenSSL does not take are a failure like others', async t => {
    const { ask, states } = await startClient(t, 'https://localhost:1', {
      tls: { cert: 'not a certificate', key: 'not a key' },
    })
    assert.match((await ask(1)).join(), /^not-processed ERR_OSSL/)
    assert.match(states.join(), /^failed ERR_OSSL/)
  })
})

describe('a connection that nobody uses', () => {
  it('is asked whether it lives, and closed when the time is up', async t => {
    const { server, client, ask, clock, states, change } = await startRig(t, {
      limits: { idleMs: 10 * MINUTE },
    })
    await ask(1)
    const session = await server.session(1)
    for (let minute = 1; minute < 10; minute++) {
      const pinged = once(session, 'ping')
      clock.advance(MINUTE)
      await pinged
      // Until the answer has come back.
      await new Promise(resolve => session.ping(resolve))
    }
    const closed = change()
    clock.advance(MINUTE)
    await closed
    assert.deepEqual(states, ['connected', 'closed idle'])
    assert.equal(client.state(), 'idle')
    assert.deepEqual(await ask(1), ['response'])
  })

  it('whose peer does not answer is given up', async t => {
    const { ask, clock, states } = await startRig(t, {})
    await ask(1)
    // In one go, so that no answer can come between.
    clock.advance(MINUTE + 10 * SECOND)
    assert.deepEqual(states, ['connected', 'closed ping-timeout'])
  })
})

describe('closing a pool', () => {
  it('waits for what is under way, fails what waits, and takes nothing more', async t => {
    const { holding, server, client, ask, clock } = await startHolding(t, { connections: 1 })
    const all = ask(12)
    await server.requests(11)
    const closed = client.close()
    assert.deepEqual(await ask(1), ['not-processed closing'])
    holding.release()
    assert.deepEqual(await all, [...Array(10).fill('response'), ...Array(2).fill('not-processed closing')])
    await closed
    assert.equal(clock.pendingTimers(), 0)
    await client.close()
  })

  it('breaks off a connection that is only being made', async t => {
    // Accepts, and says nothing.
    const silent = createServer(() => {}).listen(0, '127.0.0.1')
    await once(silent, 'listening')
    t.after(() => silent.close())
    const address = silent.address()
    assert.ok(address !== null && typeof address === 'object')
    const { client, ask, clock, states } = await startClient(t, `https://localhost:${address.port}`)
    const waiting = ask(1)
    await once(silent, 'connection')
    await client.close()
    assert.deepEqual([await waiting, states], [['not-processed closing'], ['failed closing']])
    assert.equal(clock.pendingTimers(), 0)
  })

  it('or gives it up by itself after a while', async t => {
    const silent = createServer(() => {}).listen(0, '127.0.0.1')
    await once(silent, 'listening')
    t.after(() => silent.close())
    const address = silent.address()
    assert.ok(address !== null && typeof address === 'object')
    const { ask, clock } = await startClient(t, `https://localhost:${address.port}`)
    const waiting = ask(1)
    await once(silent, 'connection')
    clock.advance(10 * SECOND)
    assert.deepEqual(await waiting, ['not-processed connect-timeout'])
  })
})
