import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { Server, Socket } from 'node:net'
import { type Clock, systemClock } from '../domain/clock.ts'
import type { ServerIdentity } from './certificate.ts'
import { createDelays, type Delays } from './delays.ts'
import {
  createHttpFaults,
  type HttpAnswer,
  type HttpFault,
  type HttpFaults,
  type ReceivedRequest,
} from './http-fault.ts'
import { type Listener, openListener } from './listener.ts'
import { createWaiters } from './waiters.ts'

export interface HttpSimulatorOptions {
  /** What the service makes of a request that is whole, and what it answers. */
  respond(request: ReceivedRequest): HttpAnswer | Promise<HttpAnswer>
  /** Looked at first: a malformed request is refused whatever faults are set. Undefined: it is right. */
  refuse?(request: ReceivedRequest): HttpAnswer | undefined
  /** Default 127.0.0.1 and a free port. */
  host?: string
  port?: number
  /** With it HTTPS, else plain HTTP. */
  identity?: ServerIdentity
  faults?: readonly HttpFault[]
  /** Longest body; beyond it the answer is 413. Default 1 MiB. */
  bodyBytes?: number
  /** So many requests are remembered; default 10,000. */
  memory?: number
  clock?: Clock
}

export interface HttpStats {
  connections: { open: number; total: number }
  /** Whole requests, whatever became of them. */
  requests: number
  /** Those that `respond` was given. */
  responded: number
  /** Those that a fault struck. */
  strikes: number
}

/** A service on loopback that speaks HTTP/1.1: the base of the simulators that do. */
export interface HttpSimulator {
  /** Origin. */
  readonly url: string
  readonly host: string
  readonly port: number
  /** PEM of the authority that signed its certificate; undefined with plain HTTP. */
  readonly ca: string | undefined
  /** Whole requests, the newest last. */
  readonly requests: readonly ReceivedRequest[]
  readonly faults: Omit<HttpFaults, 'strike'>
  stats(): HttpStats
  /** Resolves when `count` whole requests have come in all. Rejects, as `until`, if it is closed first. */
  received(count: number): Promise<void>
  /** Looks at every request, answer, connection and its end. */
  until(predicate: (stats: HttpStats) => boolean): Promise<void>
  /** TCP reset of each. */
  dropConnections(): void
  /** Closes each in order, as soon as nothing is under way on it. */
  drainConnections(): void
  refuseConnections(): void
  /** Listens again, on the same port. */
  acceptConnections(): Promise<void>
  /** Cuts every connection. Idempotent. */
  close(): Promise<void>
}

const MIB = 1024 * 1024
const MEMORY = 10_000

export async function startHttpSimulator(options: HttpSimulatorOptions): Promise<HttpSimulator> {
  const { host = '127.0.0.1', identity } = options
  const service = new Service(options)
  const server = service.createServer(identity)
  const listener = await openListener(host, options.port ?? 0, socket => {
    service.connected()
    socket.once('close', () => service.disconnected())
    server.emit('connection', socket)
  })
  service.listener = listener
  return {
    url: `${identity ? 'https' : 'http'}://${host.includes(':') ? `[${host}]` : host}:${listener.port}`,
    host,
    port: listener.port,
    ca: identity?.ca,
    requests: service.requests,
    faults: service.faults,
    stats: () => service.stats(),
    received: count => service.until(({ requests }) => requests >= count),
    until: predicate => service.until(predicate),
    dropConnections: () => listener.resetAll(),
    drainConnections: () => service.drain(),
    refuseConnections: () => listener.refuse(),
    acceptConnections: () => listener.accept(),
    close: () => service.close(),
  }
}

class Service {
  readonly requests: ReceivedRequest[] = []
  readonly faults: HttpFaults
  listener: Listener | undefined
  readonly #options: HttpSimulatorOptions
  readonly #clock: Clock
  readonly #delays: Delays
  readonly #waiters = createWaiters()
  /** Those that speak HTTP, within TLS where there is any. */
  readonly #sockets = new Set<Socket>()
  readonly #busy = new Set<Socket>()
  readonly #leaving = new WeakSet<Socket>()
  readonly #stats: HttpStats = { connections: { open: 0, total: 0 }, requests: 0, responded: 0, strikes: 0 }

  constructor(options: HttpSimulatorOptions) {
    this.#options = options
    this.#clock = options.clock ?? systemClock
    this.#delays = createDelays(this.#clock)
    this.faults = createHttpFaults(options.faults)
  }

  createServer(identity: ServerIdentity | undefined): Server {
    const handle: RequestListener = (request, response) => void this.#handle(request, response)
    const server = identity
      ? createTlsServer({ key: identity.privateKey, cert: identity.certificate }, handle)
      : createServer(handle)
    // Kept connections end when the simulator does: time is the test's.
    server.keepAliveTimeout = 0
    server.on(identity ? 'secureConnection' : 'connection', (socket: Socket) => {
      this.#sockets.add(socket)
      socket.once('close', () => this.#sockets.delete(socket))
    })
    return server
  }

  stats(): HttpStats {
    return { ...this.#stats, connections: { ...this.#stats.connections } }
  }

  until(predicate: (stats: HttpStats) => boolean): Promise<void> {
    return this.#waiters.until(() => predicate(this.stats()))
  }

  connected(): void {
    this.#stats.connections.open += 1
    this.#stats.connections.total += 1
    this.#waiters.changed()
  }

  disconnected(): void {
    this.#stats.connections.open -= 1
    this.#waiters.changed()
  }

  async close(): Promise<void> {
    this.#delays.close()
    await this.listener?.close()
    this.#waiters.close()
  }

  drain(): void {
    for (const socket of this.#sockets) {
      if (this.#busy.has(socket)) this.#leaving.add(socket)
      else socket.end()
    }
  }

  async #handle(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const { socket } = incoming
    this.#busy.add(socket)
    response.once('close', () => {
      this.#busy.delete(socket)
      if (this.#leaving.has(socket)) socket.end()
    })
    const body = await readBody(incoming, this.#options.bodyBytes ?? MIB)
    // Gone before it was whole.
    if (body === 'broken') return
    if (body === 'too-long') {
      answer(response, { status: 413, headers: { connection: 'close' } })
      return
    }
    const request = describe(incoming, body, this.#clock.now())
    this.#remember(request)
    const refusal = this.#options.refuse?.(request)
    if (refusal) answer(response, refusal)
    else await this.#serve(request, response)
    this.#waiters.changed()
  }

  #remember(request: ReceivedRequest): void {
    this.requests.push(request)
    if (this.requests.length > (this.#options.memory ?? MEMORY)) this.requests.shift()
    this.#stats.requests += 1
    this.#waiters.changed()
  }

  async #serve(request: ReceivedRequest, response: ServerResponse): Promise<void> {
    const fault = this.faults.strike(request)
    if (!fault) {
      answer(response, await this.#respond(request))
      return
    }
    this.#stats.strikes += 1
    this.#waiters.changed()
    if (fault.delayMs !== undefined && !(await this.#delays.wait(fault.delayMs))) return
    if (fault.action === 'delay') answer(response, await this.#respond(request))
    else {
      if (fault.shown) await this.#respond(request)
      this.#spoil(fault, response)
    }
  }

  async #respond(request: ReceivedRequest): Promise<HttpAnswer> {
    this.#stats.responded += 1
    return await this.#options.respond(request)
  }

  #spoil(fault: HttpFault, response: ServerResponse): void {
    const socket = response.socket
    if (fault.action === 'answer') answer(response, fault)
    else if (fault.action === 'drop') socket?.end()
    else if (fault.action === 'reset') this.listener?.socketOf(socket ?? {})?.resetAndDestroy()
    else if (fault.action !== 'hang' && fault.action !== 'delay') {
      const { status = 200, headers = {}, body = '{"' } = fault
      response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) + 1 })
      response.write(body, () => {
        if (fault.action === 'truncate') socket?.end()
      })
    }
  }
}

function answer(response: ServerResponse, { status, headers = {}, body = '' }: HttpAnswer): void {
  response.writeHead(status, headers)
  response.end(body)
}

function describe(incoming: IncomingMessage, body: Buffer, at: number): ReceivedRequest {
  const [path = '', query = ''] = (incoming.url ?? '').split(/\?(.*)/s, 2)
  const { method = '', headers, rawHeaders } = incoming
  const address = incoming.socket.remoteAddress ?? ''
  return { method, path, query: new URLSearchParams(query), headers, rawHeaders, body, address, at }
}

async function readBody(
  incoming: IncomingMessage,
  mostBytes: number,
): Promise<Buffer | 'too-long' | 'broken'> {
  const chunks: Buffer[] = []
  let size = 0
  try {
    for await (const chunk of incoming as AsyncIterable<Buffer>) {
      size += chunk.length
      if (size <= mostBytes) chunks.push(chunk)
    }
  } catch {
    return 'broken'
  }
  return size > mostBytes ? 'too-long' : Buffer.concat(chunks)
}
