import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { describe, it, type TestContext } from 'node:test'
import type { Http2Request } from '../../src/http2/http2-client.ts'
import { type ClientLimits, createHttp2Client } from '../../src/http2/pool.ts'
import type { TlsCredentials } from '../../src/http2/tls-transport.ts'
import { createServerIdentity } from '../../src/simulator/certificate.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { freePorts } from '../support/ports.ts'
import { type Incoming, type Script, ScriptedServer } from './support/scripted-server.ts'

const identity = createServerIdentity()

const REQUEST: Http2Request = {
  method: 'POST',
  path: '/',
  headers: {},
  uniqueHeaders: {},
  body: Buffer.from('x'),
}

const SECOND = 1000
const MINUTE = 60 * SECOND
const PRESSURE_MS = 100
/** How many may wait: as many as there are streams, within these. */
const QUEUE = { least: 8, most: 100 }

const answer: Script = ({ stream }) => {
  stream.respond({ ':status': 200 }, { endStream: true })
}

interface RigOptions {
  script?: Script
  streams?: number
  limits?: Partial<ClientLimits>
  onCapacity?(capacity: number): void
}

async function startRig(t: TestContext, options: RigOptions) {
  const { script = answer, streams = 100, ...rest } = options
  const server = await ScriptedServer.start(await identity, script, {
    settings: { maxConcurrentStreams: streams },
  })
  t.after(() => server.stop())
  return { server, ...(await startClient(t, server.origin, rest)) }
}

interface ClientOptions {
  limits?: Partial<ClientLimits>
  tls?: TlsCredentials
  onCapacity?(capacity: number): void
}

async function startClient(t: TestContext, origin: string, options: ClientOptions = {}) {
  const clock = new FakeClock()
  const states: string[] = []
  const waiting: (() => void)[] = []
  const client = createHttp2Client({
    origin,
    tls: { ca: (await identity).ca, ...options.tls },
    clock,
    limits: options.limits ?? {},
    onCapacity: () => options.onCapacity?.(client.capacity()),
    onConnection: (state, reason) => {
      states.push(reason === undefined ? state : `${state} ${reason}`)
      for (const resolve of waiting.splice(0)) resolve()
    },
  })
  t.after(() => client.close())
  const change = () => new Promise<void>(resolve => waiting.push(resolve))
  const ask = async (count: number) => {
    const results = await Promise.all(Array.from({ length: count }, () => client.request(REQUEST)))
    return results.map(result =>
      result.kind === 'response' ? 'response' : `${result.kind} ${result.reason}`,
    )
  }
  return { client, clock, states, change, ask }
}

/** Keeps requests until they are released. */
class Holding {
  #held: Incoming[] = []
  #isOpen = false

  readonly script: Script = incoming => {
    if (this.#isOpen) void answer(incoming)
    else this.#held.push(incoming)
  }

  release(): void {
    this.#isOpen = true
    for (const incoming of this.#held.splice(0)) void answer(incoming)
  }

  releaseLast(): void {
    const last = this.#held.pop()
    if (last) void answer(last)
  }

  hold(): void {
    this.#isOpen = false
  }
}

describe('a pool of connections', () => {
  it('opens the first one when it is needed, and no more than that for a short crowd', async t => {
    const { client, ask, states, clock } = await startRig(t, { streams: 5 })
    assert.deepEqual([client.state(), states], ['idle', []])
    assert.deepEqual(new Set(await ask(300)), new Set(['response']))
    assert.deepEqual([client.state(), states], ['ready', ['connected']])
    clock.advance(MINUTE - SECOND)
    assert.deepEqual(states, ['connected'])
  })

  it('opens another one when requests have waited for streams for a while, and loads them evenly', async t => {
    const { holding, server, ask, clock, states } = await startHolding(t)
    const all = ask(30)
    await server.requests(11)
    clock.advance(PRESSURE_MS - 1)
    assert.deepEqual(states, ['connected'])
    clock.advance(1)
    await server.requests(21)
    // One that has not answered yet may still allow more streams: no further one beside it.
    clock.advance(2 * PRESSURE_MS)
    assert.deepEqual(states, ['connected', 'connected'])
    holding.release()
    assert.deepEqual(new Set(await all), new Set(['response']))
    holding.hold()
    const before = server.seen.length
    const more = ask(12)
    await server.requests(before + 12)
    assert.deepEqual(countByConnection(server, before), [6, 6])
    holding.release()
    await more
  })

  it('opens as many as are allowed, and fewer when load is low again', async t => {
    const { holding, server, ask, clock, states, change } = await startHolding(t, { connections: 3 })
    const all = ask(100)
    await server.requests(11)
    for (const seen of [21, 32]) {
      clock.advance(PRESSURE_MS)
      await server.requests(seen)
      // The newest connection answers, so that another one may be opened.
      holding.releaseLast()
      await server.requests(seen + 1)
    }
    clock.advance(2 * PRESSURE_MS)
    assert.equal(states.length, 3)
    holding.release()
    await all
    // The first period saw all of them in use.
    clock.advance(MINUTE)
    assert.equal(states.length, 3)
    for (const connections of [3, 2]) {
      // One on each, behind the answer to its PING.
      assert.deepEqual(await ask(connections), Array(connections).fill('response'))
      const closed = change()
      clock.advance(MINUTE)
      await closed
    }
    assert.deepEqual(states.slice(3), ['closed closed', 'closed closed'])
    assert.deepEqual(await ask(1), ['response'])
    clock.advance(MINUTE)
    assert.equal(states.length, 5)
  })
})

describe('what a pool takes', () => {
  it('is a small queue, and what the connections allow; more is told', async t => {
    const raised: number[] = []
    const { server, client, ask } = await startRig(t, { streams: 10, onCapacity: c => raised.push(c) })
    assert.equal(client.capacity(), QUEUE.least)
    await ask(1)
    assert.equal(client.capacity(), 10 + 10)
    const session = await server.session(1)
    session.settings({ maxConcurrentStreams: 2 })
    await once(session, 'localSettings')
    assert.equal(client.capacity(), 2 + QUEUE.least)
    session.settings({ maxConcurrentStreams: 5000 })
    await once(session, 'localSettings')
    // Our own limit.
    assert.equal(client.capacity(), 1000 + QUEUE.most)
    assert.deepEqual(raised, [20, 1000 + QUEUE.most])
    // What is lost has to be told when it comes back.
    server.drop()
    while (client.state() === 'ready') await new Promise(setImmediate)
    await ask(1)
    assert.deepEqual(raised.slice(2), [20])
  })

  it('is no request that would be malformed: that is a bug of who asks, and harms nobody else', async t => {
    const { client, ask } = await startRig(t, {})
    for (const wrong of [
      { path: '/a b' },
      { path: '' },
      { headers: { Upper: 'x' } },
      { headers: { 'a:b': 'x' } },
      { uniqueHeaders: { id: 'a\r\nb' } },
      { uniqueHeaders: { id: 'ключ' } },
    ])
      await assert.rejects(client.request({ ...REQUEST, ...wrong }), { code: 'ERR_ASSERTION' })
    assert.deepEqual(await ask(1), ['response'])
  })

  it('waits for a stream no longer than the limit; then the connection is taken for dead', async t => {
    const { holding, server, ask, clock, states, change } = await startHolding(t, {
      queueMs: 2000,
      connections: 1,
    })
    const all = ask(12)
    await server.requests(11)
    const connected = change()
    clock.advance(2000)
    holding.release()
    const outcomes = await all
    assert.deepEqual(outcomes, [...Array(10).fill('response'), ...Array(2).fill('not-processed no-stream')])
    await connected
    assert.deepEqual(states, ['connected', 'closed closed'])
    assert.deepEqual(await ask(1), ['response'])
  })
})

describe('connecting again', () => {
  it('a refusal fails what waits; the first two tries follow at once, later ones after a growing wait', async t => {
    const [port = 0] = await freePorts(1)
    const { client, ask, clock, states } = await startClient(t, `https://localhost:${port}`, {
      queueMs: 20_000,
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

async function startHolding(t: TestContext, limits: Partial<ClientLimits> = {}) {
  const holding = new Holding()
  holding.release()
  const rig = await startRig(t, { script: holding.script, streams: 10, limits })
  await rig.ask(1)
  holding.hold()
  return { holding, ...rig }
}

function countByConnection({ seen }: ScriptedServer, from: number): number[] {
  const counts: number[] = []
  for (const { connection } of seen.slice(from)) counts[connection - 1] = (counts[connection - 1] ?? 0) + 1
  return counts
}
