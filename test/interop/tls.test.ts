import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createSecureServer } from 'node:http2'
import { createServer as createHttpsServer } from 'node:https'
import { type AddressInfo, createServer as createTcpServer, type Server as TcpServer } from 'node:net'
import { describe, type TestContext, test } from 'node:test'
import { createServer as createTlsServer } from 'node:tls'
import { createServerIdentity, issueClientCertificate } from '../../src/simulator/certificate.ts'
import { Asker, identity } from './support/asking.ts'
import { Backend } from './support/backend.ts'
import { KINDS, missing } from './support/kinds.ts'
import { Server } from './support/server.ts'

async function refused(
  t: TestContext,
  origin: string,
  reason: RegExp,
  { ca, connectMs = 10_000 }: { ca?: string; connectMs?: number } = {},
) {
  const asker = await Asker.open(t, origin, { limits: { connectMs }, tls: { ...(ca && { ca }) } })
  const result = await asker.ask('/')
  assert.ok(result.kind === 'not-processed' && result.isUnreachable, JSON.stringify(result))
  assert.match(result.reason, reason)
  assert.deepEqual(asker.connections, [`failed ${result.reason}`])
  assert.equal(asker.client.state(), 'down')
}

for (const kind of KINDS)
  describe(`${kind.name}: TLS`, { skip: missing(kind), timeout: 60_000 }, () => {
    test('the authority of another is refused, and a name in the certificate is asked for', async t => {
      const backend = await Backend.start()
      t.after(() => backend.stop())
      const server = await Server.start(kind, { identity: await identity, backendPort: backend.port })
      t.after(() => server.stop())
      await refused(t, server.origin, /CERT|SIGNATURE|SELF_SIGNED/, { ca: (await createServerIdentity()).ca })
      const asker = await Asker.open(t, server.origin)
      await asker.response('/', { headers: { 'x-id': 'named' } })
      // h2o has no word for it.
      if (kind.name !== 'h2o')
        assert.deepEqual(backend.seen('named')?.headers['x-server-name'], ['localhost'])
    })

    if (kind.can.has('clientCertificates'))
      test('a client certificate is shown, and without one there is no answer but a refusal', async t => {
        const backend = await Backend.start()
        t.after(() => backend.stop())
        const server = await Server.start(kind, {
          identity: await identity,
          backendPort: backend.port,
          wishes: { clientCertificates: true },
        })
        t.after(() => server.stop())
        const { certificate, privateKey } = await issueClientCertificate(await identity, 'com.example.chat')
        const known = await Asker.open(t, server.origin, { tls: { cert: certificate, key: privateKey } })
        assert.equal((await known.response('/')).status, 200)
        const unknown = await Asker.open(t, server.origin)
        const result = await unknown.ask('/')
        // nginx says it in HTTP, the others in TLS.
        if (kind.name === 'nginx') assert.equal(result.kind === 'response' && result.status, 400)
        else assert.equal(result.kind, 'not-processed', JSON.stringify(result))
      })
  })

describe('servers that are no HTTP/2 servers, or not ours', { timeout: 60_000 }, () => {
  const listen = async (t: TestContext, server: TcpServer, host = '127.0.0.1') => {
    await once(server.listen(0, host), 'listening')
    const sockets = new Set<{ destroy(): void }>()
    server.on('connection', socket => sockets.add(socket))
    t.after(async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise(resolve => server.close(resolve))
    })
    return `https://${host}:${(server.address() as AddressInfo).port}`
  }
  const credentials = async () => {
    const { certificate, privateKey } = await identity
    return { cert: certificate, key: privateKey }
  }

  test('HTTP/1.1 over TLS', async t => {
    const origin = await listen(t, createHttpsServer(await credentials()))
    await refused(t, origin, /no-http2|ALPN|NO_APPLICATION_PROTOCOL/i)
  })

  test('TLS without ALPN', async t => {
    const origin = await listen(t, createTlsServer(await credentials()))
    await refused(t, origin, /no-http2/)
  })

  test('HTTP/2 over TLS 1.1', async t => {
    const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'ALL@SECLEVEL=0' } as const
    const origin = await listen(t, createSecureServer({ ...(await credentials()), ...old }))
    await refused(t, origin, /PROTOCOL/)
  })

  test('a certificate for another name', async t => {
    const origin = await listen(t, createSecureServer(await credentials()), '127.0.0.2')
    await refused(t, origin, /ERR_TLS_CERT_ALTNAME_INVALID/)
  })

  test('no TLS at all', async t => {
    const origin = await listen(
      t,
      createTcpServer(socket => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')),
    )
    await refused(t, origin, /SSL|PROTO/)
  })

  test('hanging up at once', async t => {
    const origin = await listen(
      t,
      createTcpServer(socket => socket.destroy()),
    )
    await refused(t, origin, /ECONNRESET|closed/)
  })

  test('silence', async t => {
    const origin = await listen(t, createTcpServer())
    await refused(t, origin, /connect-timeout/, { connectMs: 100 })
  })

  test('silence after TLS', async t => {
    const origin = await listen(t, createTlsServer({ ...(await credentials()), ALPNProtocols: ['h2'] }))
    await refused(t, origin, /timeout/, { connectMs: 200 })
  })
})
