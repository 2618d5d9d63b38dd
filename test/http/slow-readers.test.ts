import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readdirSync, readlinkSync } from 'node:fs'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import { HANDLER_TIMEOUT_MS } from '../../src/http/fastify-options.ts'
import { MOST_UNANSWERED } from '../../src/http/plugins/unanswered-requests.ts'
import { createTestApp, type TestApp, type TestAppOptions } from '../support/test-app.ts'

// The largest answer that needs no credential.
const LARGE = 'GET /docs/static/swagger-ui-bundle.js HTTP/1.1\r\nHost: relay\r\n\r\n'
const SMALL = 'GET /health HTTP/1.1\r\nHost: relay\r\n\r\n'

/** A client that sends and reads nothing, and the relay's end of its connection. */
async function neverReading(
  t: TestContext,
  app: TestApp,
): Promise<{ client: Socket; peer: Socket; closed: Promise<unknown> }> {
  const connected = once(app.http.server, 'connection')
  const { port } = app.http.server.address() as AddressInfo
  const client = connect({ port, host: '127.0.0.1' }).pause()
  client.on('error', () => {})
  t.after(() => client.destroy())
  const [peer] = (await connected) as [Socket]
  // Not once(): that rejects when the peer finds its client gone.
  const closed = new Promise(resolve => peer.on('close', resolve))
  return { client, peer, closed }
}

async function listen(t: TestContext, options: TestAppOptions = {}): Promise<TestApp> {
  const app = await createTestApp(t, options)
  await app.http.listen({ host: '127.0.0.1', port: 0 })
  return app
}

/** Files of the docs' pages that this process holds open; undefined where the system does not tell. */
function openPages(): number | undefined {
  try {
    return readdirSync('/proc/self/fd').filter(fd => linkOf(fd).includes('swagger-ui')).length
  } catch {
    return undefined
  }
}

function linkOf(fd: string): string {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`)
  } catch {
    return ''
  }
}

/** Resolves once every answer that was begun is over. */
function watchAnswers(app: { http: TestApp['http'] }) {
  const open = new Set<unknown>()
  let begun = 0
  return {
    begun: () => begun,
    hook: () =>
      app.http.server.prependListener('request', (_request, response) => {
        begun++
        open.add(response)
        response.once('close', () => open.delete(response))
      }),
    open: () => open.size,
  }
}

test('who pipelines without reading is cut off, and nothing is held for it', async t => {
  const app = await listen(t)
  const answers = watchAnswers(app)
  answers.hook()
  const { client, closed } = await neverReading(t, app)
  client.write(LARGE.repeat(1500))
  await closed
  assert.ok(answers.begun() > MOST_UNANSWERED)
  assert.ok(answers.begun() <= 1500)
  await closedPages()
  assert.equal(answers.open(), 0)
})

test('what waits for a client that went away is released', async t => {
  const app = await listen(t)
  const answers = watchAnswers(app)
  answers.hook()
  const { client, closed } = await neverReading(t, app)
  client.write(LARGE.repeat(MOST_UNANSWERED))
  while (answers.begun() < MOST_UNANSWERED) await once(app.http.server, 'request')
  client.destroy()
  await closed
  await closedPages()
  assert.equal(answers.open(), 0)
})

async function closedPages(): Promise<void> {
  const until = performance.now() + 5_000
  while (openPages() !== 0 && openPages() !== undefined && performance.now() < until) {
    await new Promise(resolve => setImmediate(resolve))
  }
  assert.ok(openPages() === undefined || openPages() === 0, `${openPages()} files open`)
}

test('who reads its answers may ask on for ever', async t => {
  const app = await listen(t)
  const { client } = await neverReading(t, app)
  let received = ''
  client.on('data', chunk => {
    received += chunk
  })
  client.resume()
  for (let round = 0; round < 5; round++) {
    client.write(SMALL.repeat(MOST_UNANSWERED))
    while (received.split('HTTP/1.1 200').length - 1 < (round + 1) * MOST_UNANSWERED)
      await once(client, 'data')
  }
  assert.equal(client.destroyed, false)
})

test('a single answer that nobody reads does not keep its connection', async t => {
  const app = await listen(t, { fastify: { connectionTimeout: 100 } })
  const { client, closed } = await neverReading(t, app)
  client.write(LARGE.repeat(8))
  await closed
})

test('a connection without bytes lasts longer than any handler, and an idle one is not measured by it', async t => {
  const { server } = (await createTestApp(t)).http
  assert.ok(server.timeout > HANDLER_TIMEOUT_MS && server.timeout <= 120_000)
  const app = await listen(t, { fastify: { connectionTimeout: 50, keepAliveTimeout: 60_000 } })
  const { client, peer } = await neverReading(t, app)
  client.resume().write(SMALL)
  await once(client, 'data')
  assert.ok(peer.timeout !== undefined && peer.timeout >= 60_000)
})
