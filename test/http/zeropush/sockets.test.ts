import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, connect } from 'node:net'
import { type TestContext, test } from 'node:test'
import { FakeClock } from '../../support/fake-clock.ts'
import type { TestAppOptions } from '../../support/test-app.ts'
import { asToken, createZeropushApp, errorOf, SERVER, tokenOf, type ZeropushApp } from './support.ts'

async function listen(t: TestContext, options: TestAppOptions = {}) {
  const app = await createZeropushApp(t, options)
  await app.http.listen({ host: '127.0.0.1', port: 0 })
  return { app, port: (app.http.server.address() as AddressInfo).port }
}

/** Some commits for one broadcast. */
const MANY = 600

async function registerMany({ store }: ZeropushApp): Promise<void> {
  const registrations = Array.from({ length: MANY }, (_, number) =>
    store.zeropush.register({
      ...{ token: tokenOf(number), provider: 'apns', app: 'com.example.chat', environment: 'production' },
      ...{ environmentSource: 'default', channels: [], maxChannels: 1, at: 1 },
    }),
  )
  await Promise.all(registrations)
}

test('who goes away within the body of a GET is no error of ours', async t => {
  const { app, port } = await listen(t)
  const refused = new Promise<string>(resolve =>
    app.events.on('request.refused', ({ code }) => resolve(code)),
  )
  const asked = once(app.http.server, 'request')
  const socket = connect({ port, host: '127.0.0.1' })
  socket.write('GET /zeropush/verify_credentials HTTP/1.1\r\nHost: relay\r\nContent-Length: 30\r\n\r\nauth')
  await asked
  socket.destroy()
  assert.equal(await refused, 'RELAY_BAD_REQUEST')
  assert.deepEqual(
    app.log.lines().filter(({ level }) => Number(level) >= 50),
    [],
  )
})

test('a broadcast is answered however long it takes, as long as it goes on', async t => {
  const connectionTimeout = 100
  const commits = Promise.withResolvers<void>()
  const { app, port } = await listen(t, { fastify: { connectionTimeout } })
  const { accept } = app.store
  app.store.accept = async entries => {
    await commits.promise
    return accept(entries)
  }
  await registerMany(app)
  // Longer than a connection may be silent otherwise.
  setTimeout(commits.resolve, 5 * connectionTimeout)
  const response = await fetch(`http://127.0.0.1:${port}/zeropush/broadcast`, {
    method: 'POST',
    headers: { ...asToken(SERVER), 'content-type': 'application/x-www-form-urlencoded' },
    body: 'alert=x',
  })
  assert.deepEqual(await response.json(), { sent_count: MANY })
})

test('a commit that hangs ends the call after seconds: mod_zeropush holds its sender meanwhile', async t => {
  const clock = new FakeClock(Date.now())
  const app = await createZeropushApp(t, { clock })
  await registerMany(app)
  const hanging = Promise.withResolvers<void>()
  let commits = 0
  const { accept } = app.store
  app.store.accept = async entries => {
    commits++
    if (commits === 2) hanging.resolve()
    return commits === 1 ? accept(entries) : new Promise(() => {})
  }
  const answered = app.call('POST', '/broadcast', { alert: 'x' })
  await hanging.promise
  clock.advance(10_000)
  assert.deepEqual(errorOf(await answered), [503, 'server error'])
  const notified = app.call('POST', '/notify', { device_tokens: tokenOf(1), alert: 'x' })
  while (commits < 3) await new Promise(setImmediate)
  clock.advance(10_000)
  assert.deepEqual(errorOf(await notified), [503, 'server error'])
  assert.equal(commits, 3)
})
