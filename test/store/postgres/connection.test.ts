import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { type TestContext, test } from 'node:test'
import { Connection } from '../../../src/store/postgres/connection.ts'
import { cleanUp } from '../sqlite/support.ts'

// https://www.postgresql.org/docs/current/protocol-message-formats.html
const AUTHENTICATED = message('R', Buffer.from([0, 0, 0, 0]))
const READY = message('Z', Buffer.from('I'))
const TERMINATED = message(
  'E',
  Buffer.from('SFATAL\0C57P01\0Mterminating connection due to administrator command\0\0'),
)

function message(type: string, body: Buffer): Buffer {
  const length = Buffer.alloc(4)
  length.writeInt32BE(body.length + 4)
  return Buffer.concat([Buffer.from(type), length, body])
}

/** A server that says the same to whoever connects, in one packet, and hangs up. */
async function serverThatSays(t: TestContext, ...messages: Buffer[]): Promise<string> {
  const server = createServer(socket => {
    socket.on('error', () => {})
    socket.once('data', () => socket.end(Buffer.concat(messages)))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  cleanUp(t, () => once(server.close(), 'close'))
  return `postgres://relay@127.0.0.1:${(server.address() as AddressInfo).port}/relay`
}

test('a connection that is ended with the welcome is lost, and nothing else', async t => {
  const url = await serverThatSays(t, AUTHENTICATED, READY, TERMINATED)
  const connection = await Connection.open({ connectionString: url })
  await assert.rejects(connection.query({ text: 'SELECT 1' }), { name: 'ConnectionLostError' })
  assert.equal(connection.isOpen, false)
})

test('a server that ends us before it welcomes us is quoted', async t => {
  const url = await serverThatSays(t, TERMINATED)
  await assert.rejects(Connection.open({ connectionString: url }), { code: '57P01' })
})
