import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createSecureServer } from 'node:http2'
import { createServer as createTcpServer, type Server, type Socket } from 'node:net'
import { buffer } from 'node:stream/consumers'
import type { TestContext } from 'node:test'
import { createServer as createTlsServer } from 'node:tls'
import type { ServerIdentity } from '../../src/simulator/certificate.ts'
import { openListener } from '../../src/simulator/listener.ts'
import { createWaiters } from '../../src/simulator/waiters.ts'

export interface RudeAnswer {
  status: number
  headers?: Readonly<Record<string, string>>
  body?: string | Buffer
  /** The rest of the body never comes, or comes for ever, a byte at a time. */
  end?: 'never' | 'trickles'
}

export interface RudeRequest {
  method: string
  path: string
  headers: Readonly<Record<string, unknown>>
  body: string
}

/** Answers anything at all, in HTTP/2 or HTTP/1.1, whichever is asked for. */
export interface RudeServer {
  readonly url: string
  readonly requests: readonly RudeRequest[]
  /** Connections that were opened, whether or not a request came. */
  readonly connections: number
  /** What the requests from now on are answered with; `silence`: nothing. */
  answer: RudeAnswer | ((request: RudeRequest) => RudeAnswer) | 'silence'
  /** Resolves when it holds; looks at every connection and every request. */
  until(predicate: () => boolean): Promise<void>
}

export interface RudeOptions {
  /** For TLS; without it plain HTTP/1.1. */
  identity: ServerIdentity | undefined
  /** Sent to each connection at once and instead of anything else. */
  bytes?: Buffer
  /** There is no TLS handshake. */
  isBare?: true
}

/** Closed, with its connections, when the test ends. */
export async function startRudeServer(
  t: Pick<TestContext, 'after'>,
  options: RudeOptions,
): Promise<RudeServer> {
  const { identity, bytes } = options
  const waiters = createWaiters()
  const requests: RudeRequest[] = []
  let connections = 0
  const server =
    bytes === undefined
      ? createServer(identity, (request, response) => void receive(request, response).catch(() => {}))
      : createMonologue(bytes, options)
  const listener = await openListener('127.0.0.1', 0, socket => {
    server.emit('connection', socket)
    connections += 1
    waiters.changed()
  })
  t.after(async () => {
    await listener.close()
    waiters.close()
  })

  async function receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // A client that has heard enough breaks off.
    response.on('error', () => {})
    const read: RudeRequest = {
      method: request.method ?? '',
      path: request.url ?? '',
      headers: { ...request.headers },
      body: (await buffer(request)).toString(),
    }
    requests.push(read)
    waiters.changed()
    if (rude.answer === 'silence') return
    give(response, typeof rude.answer === 'function' ? rude.answer(read) : rude.answer)
  }

  const rude: RudeServer = {
    url: `${identity === undefined ? 'http' : 'https'}://127.0.0.1:${listener.port}`,
    requests,
    get connections() {
      return connections
    },
    answer: { status: 500 },
    until: waiters.until,
  }
  return rude
}

function give(response: ServerResponse, { status, headers = {}, body = '', end }: RudeAnswer): void {
  response.writeHead(status, { ...headers })
  if (end === undefined) response.end(body)
  else response.write(body)
  if (end === 'trickles') trickle(response)
}

function trickle(response: ServerResponse): void {
  let isOver = false
  response.once('close', () => {
    isOver = true
  })
  const drip = () => {
    if (isOver) return
    response.write(' ')
    setImmediate(drip)
  }
  drip()
}

type Handler = (request: IncomingMessage, response: ServerResponse) => void

function createServer(identity: ServerIdentity | undefined, handle: Handler): Server {
  if (identity === undefined) return createHttpServer(handle)
  const server = createSecureServer(
    {
      key: identity.privateKey,
      cert: identity.certificate,
      allowHTTP1: true,
      // Else Node refuses a second answer as long as the large ones here.
      maxSessionMemory: 1000,
    },
    // Node's HTTP/2 requests have the same shape as its HTTP/1.1 ones where it matters here.
    handle as never,
  )
  // What a client breaks off is its own business.
  server.on('sessionError', () => {})
  return server as unknown as Server
}

/** Says its piece and listens to nothing. */
function createMonologue(bytes: Buffer, { identity, isBare }: RudeOptions): Server {
  const speak = (socket: Socket) => {
    socket.on('error', () => {})
    socket.write(bytes)
    socket.resume()
  }
  if (identity === undefined || isBare) return createTcpServer(speak)
  const { privateKey: key, certificate: cert } = identity
  const server = createTlsServer({ key, cert, ALPNProtocols: ['h2', 'http/1.1'] }, speak)
  server.on('tlsClientError', () => {})
  return server
}
