import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http2'
import type { AddressInfo, Server, Socket } from 'node:net'
import { connect } from 'node:net'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { createServer as createTlsServer } from 'node:tls'
import { systemClock } from '../../src/domain/clock.ts'
import type { Connection } from '../../src/http2/connection.ts'
import type { RequestResult } from '../../src/http2/http2-client.ts'
import { openConnection } from '../../src/http2/open-connection.ts'
import { createServerIdentity } from '../../src/simulator/certificate.ts'
import { mutate } from './fuzz/mutate.ts'
import { Random } from './fuzz/random.ts'
import { newSeed } from './fuzz/run.ts'
import { LIMITS } from './support/scripted-peer.ts'

const CONNECTIONS = 300
const AT_ONCE = 20
const REQUESTS = 20
/** A broken length may leave both sides waiting for octets that never come. */
const SHORT = { ...LIMITS, connectMs: 500, settingsMs: 300, requestMs: 300, closeMs: 100, idleMs: 300 }

test(`${CONNECTIONS} connections through TLS to a real server, whose octets are broken on the way`, async t => {
  const seed = newSeed()
  t.diagnostic(`seed ${seed}`)
  const random = new Random(seed)
  const backend = createServer((_request, response) => {
    response.writeHead(200, { 'apns-id': 'some-id', 'content-type': 'application/json' })
    response.end('{"reason":"Whatever"}')
  })
  backend.on('sessionError', () => {})
  const identity = await createServerIdentity()
  const sockets = new Set<Socket>()
  const proxy = createTlsServer(
    { cert: identity.certificate, key: identity.privateKey, ALPNProtocols: ['h2'] },
    client => {
      const server = connect((backend.address() as AddressInfo).port, '127.0.0.1')
      for (const socket of [client, server]) {
        sockets.add(socket)
        socket.on('error', () => {})
        socket.on('close', () => {
          sockets.delete(socket)
          client.destroy()
          server.destroy()
        })
      }
      client.on('data', bytes => server.write(bytes))
      server.on('data', bytes => client.write(breakSome(random, bytes)))
    },
  )
  await Promise.all([listen(backend), listen(proxy)])
  t.after(() => Promise.all([close(proxy), close(backend)]))
  const origin = new URL(`https://localhost:${(proxy.address() as AddressInfo).port}`)

  const kinds = new Map<string, number>()
  const openOne = async () => {
    for (const result of await use(origin, identity.ca)) {
      assert.equal(result.length, 1)
      const { kind } = result[0]!
      kinds.set(kind, (kinds.get(kind) ?? 0) + 1)
    }
  }
  for (let opened = 0; opened < CONNECTIONS; opened += AT_ONCE)
    await Promise.all(Array.from({ length: AT_ONCE }, openOne))

  t.diagnostic(JSON.stringify(Object.fromEntries(kinds)))
  assert.ok(kinds.has('response') && kinds.has('unknown'), 'some get through, and some do not')
  // The client's ends are closed; the other ends hear of it.
  while (sockets.size > 0) await setImmediate()
})

function breakSome(random: Random, bytes: Buffer): Buffer {
  return random.chance(0.3) && bytes.length > 9 ? mutate(random, bytes, bytes, 1) : bytes
}

/** A connection from its opening to its end; answers what each of its requests got. */
async function use(origin: URL, ca: string): Promise<RequestResult[][]> {
  const results: RequestResult[][] = []
  const closed = Promise.withResolvers<void>()
  const ask = (connection: Connection) => {
    while (results.length < REQUESTS && connection.freeStreams() > 0) {
      const own: RequestResult[] = []
      results.push(own)
      const request = { method: 'POST', path: '/3/device/00', headers: { a: 'b' }, uniqueHeaders: {} }
      connection.request({ ...request, body: Buffer.from('{}') }, result => own.push(result))
    }
    if (results.length === REQUESTS) connection.retire()
  }
  const connection = openConnection({
    origin,
    tls: { ca },
    clock: systemClock,
    limits: SHORT,
    events: {
      onReady: () => {},
      onSettings: () => ask(connection),
      onFreeStream: () => ask(connection),
      onRetired: () => {},
      onClosed: () => closed.resolve(),
    },
  })
  await closed.promise
  return results
}

async function listen(server: Server | ReturnType<typeof createServer>): Promise<void> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
}

async function close(server: Server | ReturnType<typeof createServer>): Promise<void> {
  server.close()
  await once(server, 'close')
}
