import assert from 'node:assert/strict'
import { EventEmitter, once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { describe, it, type TestContext } from 'node:test'
import { createServer, type TLSSocket } from 'node:tls'
import { FRAME_TYPES } from '../../src/http2/frames/frame.ts'
import { FrameReader } from '../../src/http2/frames/frame-reader.ts'
import {
  identity,
  MINUTE,
  PRESSURE_MS,
  REQUEST,
  SECOND,
  startClient,
  startHolding,
  startRig,
} from './support/pool-rig.ts'
import type { ScriptedServer } from './support/scripted-server.ts'
import { answer, settings } from './support/wire.ts'

/** How many may wait: as many as there are streams, within these. */
const QUEUE = { least: 8, most: 100 }

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

  it('goes to another connection while the peer has no room for what was begun', async t => {
    const { server, seen, until } = await startMiser(t)
    const { client, ask, clock, change } = await startClient(t, server.origin)
    await ask(1)
    // More than the window of a connection: it is shut.
    const first = client.request({ ...REQUEST, body: Buffer.alloc(100_000) })
    await until(2)
    const others = ask(2)
    const connected = change()
    clock.advance(PRESSURE_MS)
    await connected
    await until(4)
    assert.deepEqual(seen, ['1/1', '1/3', '2/1', '2/3'])
    server.close()
    await Promise.all([first, others])
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

/** A server that answers the first request on its first connection, and never gives credit for what it reads. */
async function startMiser(t: TestContext) {
  const { privateKey: key, certificate: cert } = await identity
  const seen: string[] = []
  const events = new EventEmitter()
  const sockets: TLSSocket[] = []
  const server = createServer({ key, cert, ALPNProtocols: ['h2'] }, socket => {
    const connection = sockets.push(socket)
    socket.on('error', () => {})
    socket.write(settings({ MAX_CONCURRENT_STREAMS: 100 }))
    let preface = 24
    const reader = new FrameReader(({ type, streamId }) => {
      if (type !== FRAME_TYPES.HEADERS) return
      if (seen.push(`${connection}/${streamId}`) === 1) socket.write(answer(1))
      events.emit('request')
    })
    socket.on('data', chunk => {
      const skip = Math.min(preface, chunk.length)
      preface -= skip
      reader.read(chunk.subarray(skip))
    })
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const close = () => {
    server.close()
    for (const socket of sockets) socket.destroy()
  }
  t.after(close)
  const { port } = server.address() as AddressInfo
  const until = async (count: number) => {
    while (seen.length < count) await once(events, 'request')
  }
  return { server: { origin: `https://localhost:${port}`, close }, seen, until }
}

function countByConnection({ seen }: ScriptedServer, from: number): number[] {
  const counts: number[] = []
  for (const { connection } of seen.slice(from)) counts[connection - 1] = (counts[connection - 1] ?? 0) + 1
  return counts
}
