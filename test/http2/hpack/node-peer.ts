import { once } from 'node:events'
import { createServer, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { systemClock } from '../../../src/domain/clock.ts'
import { Connection } from '../../../src/http2/connection.ts'
import type { Http2Request, RequestResult } from '../../../src/http2/http2-client.ts'
import { CLIENT_LIMITS } from '../../../src/http2/pool.ts'

export interface NodePeer {
  /** Answers a request; `rawHeaders` has names and values in turn, as they were received. */
  onStream(stream: ServerHttp2Stream, rawHeaders: string[]): void
  /** What it announces at first. */
  headerTableSize?: number
}

/** A connection of ours to Node's own HTTP/2 server: an HPACK implementation that we did not write. */
export interface ToNode {
  request(request: Partial<Http2Request>): Promise<RequestResult>
  /** Node announces another table size; resolves when we have acknowledged it. */
  resizeTable(headerTableSize: number): Promise<void>
  /** Octets since this was last asked. */
  takeReceived(): number
  takeSent(): number
}

/** Nothing is left of either side when it resolves. */
export async function withNode<T>(peer: NodePeer, use: (toNode: ToNode) => Promise<T>): Promise<T> {
  const { headerTableSize = 4096 } = peer
  const server = createServer({ settings: { headerTableSize } })
  server.on('stream', (stream, _headers, _flags, rawHeaders: string[]) => peer.onStream(stream, rawHeaders))
  const session = once(server, 'session')
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
  const { connection, closed, takeReceived, takeSent } = await connectOver(socket)
  const [nodeSession] = (await session) as [ServerHttp2Session]
  try {
    return await use({
      request: request =>
        new Promise(resolve => {
          const defaults = { method: 'GET', path: '/', headers: {}, uniqueHeaders: {}, body: Buffer.alloc(0) }
          connection.request({ ...defaults, ...request }, resolve)
        }),
      resizeTable: size =>
        new Promise(resolve => nodeSession.settings({ headerTableSize: size }, () => resolve())),
      takeReceived,
      takeSent,
    })
  } finally {
    connection.retire()
    await closed
    server.close()
    await once(server, 'close')
  }
}

/** Resolves when requests may be sent. */
async function connectOver(socket: Socket) {
  const ready = Promise.withResolvers<void>()
  const closed = Promise.withResolvers<string>()
  let received = 0
  let sent = 0
  const connection = new Connection({
    authority: 'node.example',
    clock: systemClock,
    limits: CLIENT_LIMITS,
    transport: {
      write: (bytes, done) => {
        sent += bytes.length
        socket.write(bytes, error => {
          if (!error) done()
        })
      },
      end: () => socket.end(),
      destroy: () => void socket.destroy(),
    },
    events: {
      onReady: ready.resolve,
      onSettings: () => {},
      onFreeStream: () => {},
      onRetired: () => {},
      onClosed: reason => {
        ready.reject(new Error(reason))
        closed.resolve(reason)
      },
    },
  })
  socket.setNoDelay(true)
  socket.on('connect', () => connection.start())
  socket.on('data', chunk => {
    received += chunk.length
    connection.receive(chunk)
  })
  socket.on('error', error => connection.transportClosed(error.message))
  socket.on('close', () => connection.transportClosed('closed'))
  await ready.promise
  const takeReceived = () => {
    const octets = received
    received = 0
    return octets
  }
  const takeSent = () => {
    const octets = sent
    sent = 0
    return octets
  }
  return { connection, closed: closed.promise, takeReceived, takeSent }
}
