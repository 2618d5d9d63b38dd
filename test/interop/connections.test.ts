import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import type { ClientLimits } from '../../src/http2/pool.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { Asker, identity, MIB } from './support/asking.ts'
import { Backend, someBytes } from './support/backend.ts'
import { h2o } from './support/h2o.ts'
import { KINDS, missing } from './support/kinds.ts'
import { Server } from './support/server.ts'
import type { ServerKind, Wishes } from './support/server-kind.ts'

interface Rig {
  backend: Backend
  server: Server
  asker: Asker
  /** The engine's own time stands still: whatever it waits for has to be moved on. */
  clock: FakeClock
}

async function start(
  t: TestContext,
  kind: ServerKind,
  { wishes = {}, limits = {} }: { wishes?: Wishes; limits?: Partial<ClientLimits> } = {},
): Promise<Rig> {
  const backend = await Backend.start()
  t.after(() => backend.stop())
  const server = await Server.start(kind, { identity: await identity, backendPort: backend.port, wishes })
  t.after(() => server.stop())
  const clock = new FakeClock()
  return { backend, server, asker: await Asker.open(t, server.origin, { limits, clock }), clock }
}

/** Longer than the engine waits between two attempts to connect. */
const BACKOFF_MS = 60_000

for (const kind of KINDS)
  describe(`${kind.name}: its connections`, {
    skip: missing(kind),
    timeout: 60_000,
    concurrency: true,
  }, () => {
    const canOnly = (wish: keyof Wishes, name: string, run: (t: TestContext) => Promise<void>) => {
      if (kind.can.has(wish)) test(name, run)
    }

    canOnly('streams', '100 requests where 5 may be under way: none is refused', async t => {
      const { backend, asker } = await start(t, kind, { wishes: { streams: 5 } })
      const held = Array.from({ length: 5 }, () => asker.response('/held'))
      await backend.holds(5)
      const ids = Array.from({ length: 95 }, (_, at) => `limited-${at}`)
      const rest = ids.map(id => asker.response('/', { uniqueHeaders: { 'x-id': id } }))
      backend.release()
      for (const { status } of await Promise.all([...held, ...rest])) assert.equal(status, 200)
      assert.equal(backend.takeMostUnderWay(), 5)
      assert.deepEqual(new Set(ids.map(id => backend.seen(id)?.times)), new Set([1]))
      assert.deepEqual(asker.connections, ['connected'])
    })

    test('a graceful reload loses no request, and none comes twice', async t => {
      const { backend, server, asker } = await start(t, kind)
      const held = Array.from({ length: 10 }, (_, at) =>
        asker.response('/held', { uniqueHeaders: { 'x-id': `held-${at}` } }),
      )
      await backend.holds(10)
      await server.reload()
      let sent = 0
      const sendUntilReloaded = async () => {
        for (;;) {
          const id = `flow-${sent++}`
          const { headers, body } = await asker.persist('/', {
            uniqueHeaders: { 'x-id': id },
            body: Buffer.from(id),
          })
          assert.equal(String(body), id)
          if (headers['x-generation'] === server.generation) return
        }
      }
      await Promise.all(Array.from({ length: 4 }, sendUntilReloaded))
      backend.release()
      for (const { body } of await Promise.all(held)) assert.equal(String(body), 'released')
      const ids = [
        ...Array.from({ length: 10 }, (_, at) => `held-${at}`),
        ...Array.from({ length: sent }, (_, at) => `flow-${at}`),
      ]
      for (const id of ids) assert.equal(backend.seen(id)?.times, 1, id)
    })

    canOnly(
      'requestsPerConnection',
      'GOAWAY every 50 requests: of 2000 none is lost, none comes twice',
      async t => {
        const { backend, asker } = await start(t, kind, { wishes: { requestsPerConnection: 50 } })
        const ids = Array.from({ length: 2000 }, (_, at) => `renewed-${at}`)
        const bodies = await Promise.all(
          ids.map(async id => {
            const { body } = await asker.persist('/', {
              uniqueHeaders: { 'x-id': id },
              body: Buffer.from(id),
            })
            return String(body)
          }),
        )
        assert.deepEqual(bodies, ids)
        assert.deepEqual(new Set(ids.map(id => backend.seen(id)?.times)), new Set([1]))
        const made = asker.connections.filter(state => state === 'connected').length
        assert.ok(made >= 20, String(made))
      },
    )

    canOnly('idleMs', 'a connection that the server closed for idleness is replaced', async t => {
      const { asker, clock } = await start(t, kind, { wishes: { idleMs: 100 } })
      const answered = async () => {
        for (;;) {
          // The engine makes one a second at most when they are of little use.
          clock.advance(1000)
          const result = await asker.ask('/')
          if (result.kind === 'response') return result.status
          // A server in a hurry closes before it has read the request.
          assert.equal(result.kind, 'not-processed', JSON.stringify(result))
        }
      }
      // h2o counts in seconds.
      const rounds = kind === h2o ? 2 : 5
      for (let round = 1; round <= rounds; round++) {
        assert.equal(await answered(), 200)
        await asker.untilIdle()
      }
      assert.equal(await answered(), 200)
      assert.ok(asker.connections.filter(state => state === 'connected').length > rounds)
    })

    test('killed: what was under way is unknown, what comes then not processed, until it is back', async t => {
      const { backend, server, asker, clock } = await start(t, kind)
      const held = Array.from({ length: 10 }, () => asker.ask('/held'))
      await backend.holds(10)
      await server.kill()
      for (const { kind: outcome } of await Promise.all(held)) assert.equal(outcome, 'unknown')
      for (let asked = 0; asked < 3; asked++) {
        clock.advance(BACKOFF_MS)
        const result = await asker.ask('/')
        assert.ok(result.kind === 'not-processed' && result.isUnreachable, JSON.stringify(result))
      }
      assert.equal(asker.client.state(), 'down')
      await server.restart()
      clock.advance(BACKOFF_MS)
      assert.equal((await asker.response('/')).status, 200)
      assert.equal(asker.client.state(), 'ready')
    })

    test('not answered in time: unknown, and the others on the connection go on', async t => {
      const { backend, asker, clock } = await start(t, kind, { limits: { requestMs: 15_000 } })
      const held = asker.ask('/held')
      await backend.holds(1)
      assert.equal((await asker.response('/')).status, 200)
      clock.advance(15_000)
      const result = await held
      assert.deepEqual([result.kind, 'reason' in result && result.reason], ['unknown', 'timeout'])
      assert.equal((await asker.response('/')).status, 200)
      assert.deepEqual(asker.connections, ['connected'])
    })

    test('frozen: the connection is given up for its silence, and another made when it thaws', async t => {
      const limits = { requestMs: 3_600_000, pingMs: 1000, pingTimeoutMs: 1000, connectMs: 1000 }
      const { backend, server, asker, clock } = await start(t, kind, { limits })
      const held = Array.from({ length: 10 }, () => asker.ask('/held'))
      await backend.holds(10)
      server.freeze()
      clock.advance(3000)
      for (const result of await Promise.all(held))
        assert.deepEqual([result.kind, 'reason' in result && result.reason], ['unknown', 'ping-timeout'])
      clock.advance(BACKOFF_MS)
      const refused = asker.ask('/')
      clock.advance(1000)
      const result = await refused
      assert.ok(result.kind === 'not-processed' && result.isUnreachable, JSON.stringify(result))
      assert.equal(result.reason, 'connect-timeout')
      server.thaw()
      clock.advance(BACKOFF_MS)
      assert.equal((await asker.response('/')).status, 200)
    })

    canOnly('bodyBytes', 'a body larger than it takes: its own 413, and the connection goes on', async t => {
      const { asker } = await start(t, kind, { wishes: { bodyBytes: MIB } })
      assert.equal((await asker.response('/', { body: someBytes(4 * MIB) })).status, 413)
      assert.equal((await asker.response('/', { body: someBytes(1000) })).body.length, 1000)
    })

    test('nobody behind it: its own answer', async t => {
      const { backend, asker } = await start(t, kind)
      await backend.stop()
      const { status } = await asker.response('/')
      assert.ok([502, 503, 504].includes(status), String(status))
    })
  })
