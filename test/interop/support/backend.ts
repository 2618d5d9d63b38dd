import { createHash } from 'node:crypto'
import { EventEmitter, once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A request as it came through the server in front. */
export interface Seen {
  method: string
  path: string
  /** By lower-case name; values as bytes, one character each. */
  headers: Record<string, string[]>
  bodyBytes: number
  bodyHash: string
  /** How often one of this id came. */
  times: number
}

export type Handler = (request: IncomingMessage, response: ServerResponse, url: URL) => void

/** What the servers pass requests to: HTTP/1.1 in this process. Requests name themselves by `x-id`. */
export class Backend {
  readonly #server: Server
  readonly #events = new EventEmitter()
  readonly #seen = new Map<string, Seen>()
  readonly #held = new Set<ServerResponse>()
  #mostUnderWay = 0
  #underWay = 0

  private constructor() {
    const http = { maxHeaderSize: 256 * 1024, keepAliveTimeout: 60_000 }
    this.#server = createServer(http, (request, response) => this.#receive(request, response))
  }

  static async start(): Promise<Backend> {
    const backend = new Backend()
    await once(backend.#server.listen(0, '127.0.0.1'), 'listening')
    return backend
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  seen(id: string): Seen | undefined {
    return this.#seen.get(id)
  }

  /** Most requests at once since this was asked for the last time. */
  takeMostUnderWay(): number {
    const most = this.#mostUnderWay
    this.#mostUnderWay = this.#underWay
    return most
  }

  /** Resolves when so many requests for /held wait. */
  async holds(count: number): Promise<void> {
    while (this.#held.size < count) await once(this.#events, 'held')
  }

  release(): void {
    for (const response of this.#held) response.end('released')
    this.#held.clear()
  }

  async stop(): Promise<void> {
    const closed = once(this.#server.close(), 'close')
    this.#server.closeAllConnections()
    await closed
  }

  #receive(request: IncomingMessage, response: ServerResponse): void {
    this.#underWay += 1
    this.#mostUnderWay = Math.max(this.#mostUnderWay, this.#underWay)
    response.on('close', () => {
      this.#underWay -= 1
      this.#held.delete(response)
    })
    // Whoever breaks off is judged by what the client says of it.
    request.on('error', () => {})
    const url = new URL(request.url ?? '/', 'http://backend')
    if (url.pathname === '/early') answerEarly(request, response)
    else this.#read(request, body => this.#answer(url, { request, response, body }))
  }

  #read(request: IncomingMessage, done: (body: Buffer) => void): void {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const body = Buffer.concat(chunks)
      const id = String(request.headers['x-id'])
      const times = 1 + (this.#seen.get(id)?.times ?? 0)
      this.#seen.set(id, { ...describe(request, body), times })
      done(body)
    })
  }

  #answer(url: URL, { request, response, body }: Exchange): void {
    const number = (name: string) => Number(url.searchParams.get(name))
    switch (url.pathname) {
      case '/held':
        this.#held.add(response)
        this.#events.emit('held')
        break
      case '/status':
        response.writeHead(number('code'), url.searchParams.has('retry') ? { 'retry-after': '7' } : {})
        response.end(url.searchParams.get('body') ?? '')
        break
      case '/bytes':
        if (!url.searchParams.has('chunked')) response.setHeader('content-length', number('count'))
        response.end(someBytes(number('count')))
        break
      case '/fields':
        if (url.searchParams.has('large')) response.setHeader('x-large', 'x'.repeat(number('large')))
        response.writeHead(200, fieldsOf(number('seed'), number('count'), number('size')))
        response.end(String(number('seed')))
        break
      case '/repeated':
        response.setHeader('x-repeated', ['one', 'two, three', 'four'])
        response.setHeader('set-cookie', ['a=1', 'b=2'])
        response.end()
        break
      case '/hints':
        response.writeEarlyHints({ link: '</style.css>; rel=preload' })
        response.end('final')
        break
      case '/trailers':
        response.writeHead(200, { trailer: 'x-trailer' })
        response.write('body')
        response.addTrailers({ 'x-trailer': 'late' })
        response.end()
        break
      case '/half':
        response.writeHead(200, { 'content-length': 100_000 })
        response.write(someBytes(1000), () => request.socket.resetAndDestroy())
        break
      case '/none':
        request.socket.resetAndDestroy()
        break
      default:
        response.end(body)
    }
  }
}

interface Exchange {
  request: IncomingMessage
  response: ServerResponse
  body: Buffer
}

/** As a server does that sees from the headers alone that it will not take the body. */
function answerEarly(request: IncomingMessage, response: ServerResponse): void {
  response.writeHead(413).end('too large')
  request.resume()
}

function describe(request: IncomingMessage, body: Buffer): Omit<Seen, 'times'> {
  const headers = Object.entries(request.headersDistinct).map(([name, values]) => [name, values ?? []])
  return {
    method: request.method ?? '',
    path: request.url ?? '',
    headers: Object.fromEntries(headers),
    bodyBytes: body.length,
    bodyHash: hashOf(body),
  }
}

export function hashOf(body: Buffer): string {
  return createHash('sha256').update(body).digest('hex')
}

const noise = makeNoise(8 * 1024 * 1024)

/** The same for the same count, without a period that fits a frame. */
export function someBytes(count: number): Buffer {
  return noise.subarray(0, count)
}

function makeNoise(count: number): Buffer {
  const bytes = Buffer.alloc(count)
  for (let at = 0, state = 1; at < count; at++) {
    state = (state * 48_271) % 2_147_483_647
    bytes[at] = state
  }
  return bytes
}

/** So many fields of about `size` bytes each, some of which come again with other seeds. */
export function fieldsOf(seed: number, count: number, size: number): Record<string, string> {
  const text = someBytes(size + seed + count).toString('base64url')
  return Object.fromEntries(
    Array.from({ length: count }, (_, at) => {
      const from = at % 3 === 0 ? 0 : seed + at
      return [`x-field-${at}`, text.slice(from, from + size)]
    }),
  )
}
