import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { Http2Client, RequestResult } from '../../src/http2/http2-client.ts'
import { createHttp2Client } from '../../src/http2/pool.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { type OnRequest, type Peer, startStormServer } from './support/storm-server.ts'

setFlagsFromString('--expose-gc')
const collectGarbage: () => void = runInNewContext('gc')

const AT_ONCE = 1000

async function startStorm(t: TestContext, onRequest: OnRequest) {
  const server = await startStormServer(1000, onRequest)
  // Time stands still: whatever waited for a backoff, a deadline or a timer would wait for ever.
  const clock = new FakeClock()
  const ends: (string | undefined)[] = []
  const client = createHttp2Client({
    origin: server.origin,
    tls: { ca: server.ca },
    clock,
    onConnection: (state, reason) => {
      if (state !== 'connected') ends.push(reason)
    },
  })
  t.after(async () => {
    await client.close()
    await server.close()
  })
  return { server, client, clock, ends }
}

/** What became of one push: each attempt's kind in order; the last is an answer. */
type History = RequestResult['kind'][]

/** Sends every push until it is answered, as a dispatcher does; answers the histories. */
async function pushAll(client: Http2Client, count: number): Promise<History[]> {
  const histories: History[] = []
  let begun = 0
  const drive = async () => {
    while (begun < count) {
      const push = begun++
      const history: History = []
      histories[push] = history
      while (history.at(-1) !== 'response') history.push(await attempt(client, push))
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, drive))
  return histories
}

async function attempt(client: Http2Client, push: number): Promise<RequestResult['kind']> {
  const result = await client.request(request(push))
  // What is closed will not answer, however often it is asked.
  if (result.kind === 'not-processed' && result.isUnreachable) throw new Error(result.reason)
  return result.kind
}

const HEADERS = { 'apns-topic': 'com.example.chat' }

function request(push: number) {
  const body = Buffer.from(String(push))
  return { method: 'POST', path: '/', headers: HEADERS, uniqueHeaders: {}, body }
}

const answer = (peer: Peer, streamId: number) => peer.answer(streamId)

/** What becomes of each so many-th request; the first that fits. */
const TROUBLES: [every: number, suffer: (peer: Peer, streamId: number) => void][] = [
  [50_000, peer => peer.drop()],
  [
    20_000,
    (peer, streamId) => {
      peer.answer(streamId)
      peer.goaway(streamId, 'NO_ERROR')
    },
  ],
  [997, (peer, streamId) => peer.reset(streamId, 'REFUSED_STREAM')],
  [1499, (peer, streamId) => peer.reset(streamId, 'INTERNAL_ERROR')],
]

describe('storms', () => {
  it('GOAWAY every 500 requests, half of them with an error: of 100,000 pushes none is lost or reported twice', async t => {
    const PUSHES = 100_000
    const processed = new Uint8Array(PUSHES)
    const timesOf = (push: number) => processed[push] ?? 0
    let goaways = 0
    const { server, client } = await startStorm(t, (peer, streamId, body) => {
      const push = Number(body)
      processed[push] = timesOf(push) + 1
      const isError = goaways % 2 === 1
      // One that ends in an error leaves the last ones without an answer, though they were processed.
      if (!isError || peer.requests <= 480) peer.answer(streamId)
      if (peer.requests < 500) return
      peer.goaway(streamId, isError ? 'INTERNAL_ERROR' : 'NO_ERROR')
      goaways++
    })
    const histories = await pushAll(client, PUSHES)
    assert.equal(histories.length, PUSHES)
    assert.ok(goaways >= PUSHES / 500 - 5, `${goaways} GOAWAYs`)
    let unknown = 0
    for (const [push, history] of histories.entries()) {
      const times = timesOf(push)
      const doubtful = history.filter(kind => kind === 'unknown').length
      unknown += doubtful
      // Processed once for the answer; more often only as nobody knew.
      assert.ok(times >= 1 && times <= 1 + doubtful, `push ${push}: ${times} times, ${history.join(' ')}`)
      assert.equal(history.filter(kind => kind === 'response').length, 1)
    }
    assert.ok(unknown >= goaways, `${unknown} of unknown fate`)
    t.diagnostic(`${goaways} GOAWAYs, ${server.connections()} connections, ${unknown} of unknown fate`)
  })

  it('a million pushes through reconnects, resets and changing limits: memory stays flat, nothing is left', async t => {
    const PUSHES = 1_000_000
    const STEP = 100_000
    let requests = 0
    const { server, client, clock, ends } = await startStorm(t, (peer, streamId) => {
      requests++
      const [, suffer = answer] = TROUBLES.find(([every]) => requests % every === 0) ?? []
      suffer(peer, streamId)
      if (requests % 3000 === 0) peer.setStreamLimit(1 + (requests % 977))
      if (requests % 3000 === 500) peer.setStreamLimit(1000)
    })
    const heaps: number[] = []
    for (let done = 0; done < PUSHES; done += STEP) {
      await pushAll(client, STEP)
      heaps.push(usedHeap())
    }
    t.diagnostic(
      `${ends.length} connections ended; heap in MiB ${heaps.map(bytes => (bytes / 2 ** 20).toFixed(1)).join(' ')}`,
    )
    assert.ok(ends.length >= 50)
    // The first steps fill pools and caches; afterwards there is nothing left to grow.
    const [early, late] = [Math.max(...heaps.slice(1, 4)), Math.min(...heaps.slice(-3))]
    assert.ok(late < early + 2 * 2 ** 20, `heap grew from ${early} to ${late}`)
    await client.close()
    assert.equal(clock.pendingTimers(), 0)
    await server.close()
    assert.equal(server.open(), 0)
    const left = process
      .getActiveResourcesInfo()
      .filter(kind => /TLS|TCPSocket|TCPConnect|Timeout/.test(kind))
    assert.deepEqual(left, [])
  })
})

/** After a full collection. */
function usedHeap(): number {
  collectGarbage()
  return process.memoryUsage().heapUsed
}
