import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { type TestContext, test } from 'node:test'
import { startDelayingProxy } from '../../bench/wire/delaying-proxy.ts'

/** More than the proxy keeps, so that it has to let the sender wait. */
const MUCH = 20 * 1024 * 1024

async function listen(t: TestContext, onConnection: (socket: Socket) => void): Promise<number> {
  const server: Server = createServer({ allowHalfOpen: true }, onConnection)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  return (server.address() as AddressInfo).port
}

async function through(t: TestContext, port: number, roundTripMs: number): Promise<Socket> {
  const proxy = await startDelayingProxy(port, roundTripMs)
  const socket = connect({ port: proxy.port, host: '127.0.0.1', allowHalfOpen: true })
  t.after(() => {
    socket.destroy()
    proxy.close()
  })
  await once(socket, 'connect')
  return socket
}

test('what is sent arrives whole and in order, both ways, and so does the end of it', async t => {
  const port = await listen(t, socket => {
    socket.on('error', () => {})
    socket.pipe(socket)
  })
  const socket = await through(t, port, 2)
  const sent = randomBytes(MUCH)

  socket.end(sent)

  const received = await buffer(socket)
  assert.ok(received.equals(sent))
})

test('a connection that is reset on one side is reset on the other', async t => {
  const port = await listen(t, socket => {
    socket.on('error', () => {})
    socket.once('data', () => socket.resetAndDestroy())
  })
  const socket = await through(t, port, 2)

  socket.write('hello')

  await assert.rejects(once(socket.resume(), 'close'), { code: 'ECONNRESET' })
})

test('a server that is not there is a connection that is reset', async t => {
  // Nothing listens there.
  const socket = await through(t, 1, 2)

  await assert.rejects(once(socket.resume(), 'close'), { code: 'ECONNRESET' })
})
