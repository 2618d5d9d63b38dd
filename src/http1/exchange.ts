import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http'
import { errorCode } from './error-code.ts'
import type { Http1Request, Http1Result } from './http1-client.ts'
import type { KeptConnections } from './kept-connections.ts'

export interface ExchangeOptions {
  origin: URL
  responseBytes: number
}

/** One request and what became of it. */
export class Exchange {
  readonly result: Promise<Http1Result>
  readonly #resolve: (result: Http1Result) => void
  readonly #reject: (error: unknown) => void
  readonly #request: Http1Request
  readonly #options: ExchangeOptions
  #sending: ClientRequest | undefined
  #status: number | undefined
  /** From then on Node writes, in the same turn. */
  #hasConnection = false

  constructor(request: Http1Request, options: ExchangeOptions) {
    const { promise, resolve, reject } = Promise.withResolvers<Http1Result>()
    this.result = promise
    this.#resolve = resolve
    this.#reject = reject
    this.#request = request
    this.#options = options
  }

  /** `onClosed`: its connection is free for others, or gone. */
  start(connections: KeptConnections, onClosed: () => void): void {
    try {
      this.#sending = this.#begin(connections, onClosed)
    } catch (error) {
      // A character that a request must not hold: the caller's bug, and nobody else's.
      this.#reject(error)
      onClosed()
    }
  }

  /** Whatever is under way is given up. */
  stop(reason: string): void {
    this.#fail(reason)
    this.#sending?.destroy()
  }

  #begin(connections: KeptConnections, onClosed: () => void): ClientRequest {
    const { method, path, headers, body } = this.#request
    const { hostname, port, host } = this.#options.origin
    const options = { method, path, hostname, port, headers: { ...headers, host }, agent: connections }
    const sending = httpRequest(options)
    sending.on('socket', socket => {
      connections.taken(socket)
      this.#hasConnection = true
    })
    sending.on('response', response => {
      const fields = joinedHeaders(response.rawHeaders)
      connections.hinted(response.socket, fields['keep-alive'])
      this.#receive(response, response.statusCode ?? 0, fields)
    })
    sending.on('error', error => this.#fail(errorCode(error)))
    sending.once('close', () => {
      // A response may still hold what came before the end.
      if (this.#status === undefined) this.#fail('closed')
      onClosed()
    })
    return sending.end(body)
  }

  #receive(response: IncomingMessage, status: number, headers: Record<string, string>): void {
    this.#status = status
    const chunks: Buffer[] = []
    let leftBytes = this.#options.responseBytes
    const finish = () => this.#resolve({ kind: 'response', status, headers, body: Buffer.concat(chunks) })
    response.on('data', (chunk: Buffer) => {
      if (leftBytes < 0) return
      chunks.push(chunk.subarray(0, leftBytes))
      leftBytes -= chunk.length
      if (leftBytes >= 0) return
      finish()
      this.#sending?.destroy()
    })
    response.on('end', finish)
    response.on('error', error => this.#fail(errorCode(error)))
    response.once('close', () => this.#fail('closed'))
  }

  #fail(reason: string): void {
    const status = this.#status
    if (!this.#hasConnection) this.#resolve(notSent(reason))
    else this.#resolve({ kind: 'unknown', reason, ...(status === undefined ? {} : { status }) })
  }
}

/** It never had a connection, so nothing of it was written. */
export function notSent(reason: string): Http1Result {
  return { kind: 'not-processed', reason, isUnreachable: true }
}

function joinedHeaders(rawHeaders: readonly string[]): Record<string, string> {
  const headers: Record<string, string> = Object.create(null)
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const name = rawHeaders[index]?.toLowerCase() ?? ''
    const value = rawHeaders[index + 1] ?? ''
    headers[name] = headers[name] === undefined ? value : `${headers[name]}, ${value}`
  }
  return headers
}
