import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import { bearer, createTestApp, HOOK_TOKEN, type TestApp, type TestAppOptions } from '../support/test-app.ts'

const body = JSON.stringify({ to: 'bob@localhost', from: 'alice@localhost', body: 'hi' })
const head = (length: number) =>
  `POST /v1/messages HTTP/1.1\r\nHost: relay\r\nAuthorization: Bearer ${HOOK_TOKEN}\r\n` +
  `Content-Type: application/json\r\nContent-Length: ${length}\r\n\r\n`

// As fastifyOptions has them, but in tenths of a second.
const IMPATIENT: TestAppOptions = {
  fastify: { requestTimeout: 200, http: { connectionsCheckingInterval: 20, headersTimeout: 100 } },
}

async function listen(t: TestContext, options: TestAppOptions = {}): Promise<TestApp> {
  const app = await createTestApp(t, options)
  await app.http.listen({ host: '127.0.0.1', port: 0 })
  return app
}

function open(t: TestContext, app: TestApp): { socket: Socket; received(): Promise<string> } {
  const { port } = app.http.server.address() as AddressInfo
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  t.after(() => socket.destroy())
  const chunks: Buffer[] = []
  socket.on('data', chunk => chunks.push(chunk))
  const ended = new Promise<void>(resolve => socket.once('end', resolve).once('error', () => resolve()))
  return {
    socket,
    async received() {
      await ended
      return Buffer.concat(chunks).toString()
    },
  }
}

function bodyOf(response: string): { code?: string } {
  return JSON.parse(response.slice(response.indexOf('\r\n\r\n') + 4))
}

test('an idle connection outlives the 120 s for which Erlang’s httpc reuses it', async t => {
  const app = await createTestApp(t)
  assert.ok(app.http.server.keepAliveTimeout >= 125_000)
})

test('requests have limits before anything is configured', async t => {
  const { server, initialConfig } = (await createTestApp(t)).http
  assert.ok(server.requestTimeout > 0 && server.requestTimeout <= 60_000)
  assert.ok(server.headersTimeout > 0 && server.headersTimeout <= server.requestTimeout)
  assert.equal(initialConfig.bodyLimit, 4 * 1024 * 1024)
})

test('a head that never ends is cut off', async t => {
  const app = await listen(t, IMPATIENT)
  const { socket, received } = open(t, app)
  socket.write('POST /v1/messages HTTP/1.1\r\nHost: relay\r\nAuthor')
  const response = await received()
  assert.match(response, /^HTTP\/1\.1 408 /)
  assert.equal(bodyOf(response).code, 'RELAY_REQUEST_TIMEOUT')
})

test('a body that never ends is cut off, and nothing of it is accepted', async t => {
  const app = await listen(t, IMPATIENT)
  const { socket, received } = open(t, app)
  socket.write(head(body.length) + body.slice(0, -5))
  assert.match(await received(), /^HTTP\/1\.1 408 /)
  assert.deepEqual(await app.store.messages({ limit: 1 }), [])
})

test('half-closed after a whole request: it is accepted and answered', async t => {
  const app = await listen(t)
  const { socket, received } = open(t, app)
  socket.end(head(body.length) + body)
  assert.match(await received(), /^HTTP\/1\.1 202 /)
  assert.equal((await app.store.messages({ limit: 2 })).length, 1)
})

test('half-closed within a request: nothing is accepted', async t => {
  const app = await listen(t)
  const { socket, received } = open(t, app)
  socket.end(head(body.length) + body.slice(0, -5))
  assert.doesNotMatch(await received(), / 202 /)
  assert.deepEqual(await app.store.messages({ limit: 1 }), [])
})

test('a connection that breaks within a request is forgotten, and others are served', async t => {
  const app = await listen(t)
  const { socket } = open(t, app)
  const connected = once(app.http.server, 'connection')
  socket.write(head(body.length) + body.slice(0, -5))
  const [peer] = (await connected) as [Socket]
  const closed = new Promise(resolve => peer.once('close', resolve))
  socket.resetAndDestroy()
  await closed
  const response = await fetch(`${app.http.listeningOrigin}/health`)
  assert.equal(response.status, 200)
  assert.deepEqual(await app.store.messages({ limit: 1 }), [])
})

test('what is not HTTP, or too much of it, gets an answer and no log line with its bytes', async t => {
  const app = await listen(t)
  const talk = async (text: string) => {
    const { socket, received } = open(t, app)
    socket.end(text)
    return received()
  }
  const binary = await talk('\x16\x03\x01 secret-of-the-caller\r\n\r\n')
  assert.match(binary, /^HTTP\/1\.1 400 /)
  assert.equal(bodyOf(binary).code, 'RELAY_BAD_REQUEST')
  const large = await talk(
    `GET / HTTP/1.1\r\nHost: relay\r\nX: secret-of-the-caller${'x'.repeat(20_000)}\r\n\r\n`,
  )
  assert.match(large, /^HTTP\/1\.1 431 /)
  assert.equal(bodyOf(large).code, 'RELAY_HEADERS_TOO_LARGE')
  const smuggled = await talk(
    `POST /v1/messages HTTP/1.1\r\nHost: relay\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
  )
  assert.match(smuggled, /^HTTP\/1\.1 400 /)
  assert.doesNotMatch(app.log.text(), /secret-of-the-caller/)
})

test('no Host, or an expectation that nobody knows, is answered as any other error', async t => {
  const app = await listen(t)
  const talk = async (text: string) => {
    const { socket, received } = open(t, app)
    socket.end(text)
    return received()
  }
  const hostless = await talk('GET /health HTTP/1.1\r\nConnection: close\r\n\r\n')
  assert.match(hostless, /^HTTP\/1\.1 400 /)
  assert.equal(bodyOf(hostless).code, 'RELAY_HOST_REQUIRED')
  assert.match(await talk('GET /health HTTP/1.0\r\n\r\n'), /^HTTP\/1\.1 200 /)
  const odd = await talk(head(0).replace('Content-Type', 'Expect: tea\r\nContent-Type'))
  assert.match(odd, /^HTTP\/1\.1 417 /)
  assert.match(odd, /"code":"RELAY_EXPECTATION_FAILED"/)
})

test('two Authorization fields are one too many, even if the first is right', async t => {
  const app = await listen(t)
  const { socket, received } = open(t, app)
  const twice = head(body.length).replace('Content-Type', 'Authorization: Bearer other\r\nContent-Type')
  socket.end(twice + body)
  assert.match(await received(), /^HTTP\/1\.1 401 /)
})

test('a chunked form without header is read to 256 KiB, then refused', async t => {
  const app = await listen(t)
  const form = `to=bob&from=alice&body=hi&access_token=${HOOK_TOKEN}`
  const send = (content: string) =>
    fetch(`${app.http.listeningOrigin}/v1/messages`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new Blob([content]).stream(),
      duplex: 'half',
    } as RequestInit)
  assert.equal((await send(form)).status, 202)
  const large = await send(`${form}&x=${'x'.repeat(257 * 1024)}`)
  assert.equal(large.status, 413)
})

test('a caller that never finishes its request does not hold up a stop', async t => {
  const app = await listen(t, { config: { shutdownMs: 200 } })
  const { socket, received } = open(t, app)
  const connected = once(app.http.server, 'connection')
  socket.write(head(body.length) + body.slice(0, -5))
  await connected
  await app.http.close()
  await received()
})

test('a request that is under way when the stop begins is answered', async t => {
  let release = () => {}
  const committed = new Promise<void>(resolve => {
    release = resolve
  })
  let begin = () => {}
  const begun = new Promise<void>(resolve => {
    begin = resolve
  })
  const app = await listen(t, {
    acceptOfflineMessages: async () => {
      begin()
      await committed
      return [{ id: '0199b2f0-6c1e-7c3a-9a53-2f8f1f0f5a11', status: 'queued' }]
    },
  })
  const answer = fetch(`${app.http.listeningOrigin}/v1/messages`, {
    method: 'POST',
    headers: { ...bearer(HOOK_TOKEN), 'content-type': 'application/json' },
    body,
  })
  await begun
  const closed = app.http.close()
  release()
  const response = await answer
  assert.equal(response.status, 202)
  await response.arrayBuffer()
  await closed
})
