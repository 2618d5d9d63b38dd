import { EventEmitter, once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'

export interface Recorded {
  method: string
  path: string
  authorization: string | undefined
  contentType: string | undefined
  body: string
}

export interface PushedMessage {
  to: string
  from: string
  id: string
  type: string
  body?: string
  nick?: string
  room?: string
  thread?: string
  unread?: number
  sentAt: string
  encrypted?: boolean
}

export interface Answer {
  status: number
  headers?: Record<string, string>
  body?: unknown
}

/** Decides what a request gets; `hang` leaves it without an answer. */
export type Answering = (request: Recorded) => Answer | 'hang'

/** A web server in the relay's place: it keeps what it is sent and answers as it is told. */
export class RecordingRelay {
  readonly requests: Recorded[] = []
  answering: Answering = accept
  #server: Server | undefined
  #port = 0
  #events = new EventEmitter()
  #hanging = new Map<ServerResponse, Recorded>()

  readonly #tls: { key: string; cert: string } | undefined

  constructor(tls?: { key: string; cert: string }) {
    this.#tls = tls
  }

  get url(): string {
    return this.#tls ? `https://localhost:${this.#port}` : `http://127.0.0.1:${this.#port}`
  }

  async start(): Promise<void> {
    const listener = (request: IncomingMessage, response: ServerResponse) => {
      void this.#record(request, response)
    }
    this.#server = this.#tls ? createTlsServer(this.#tls, listener) : createServer(listener)
    this.#server.listen(this.#port, '127.0.0.1')
    await once(this.#server, 'listening')
    this.#port = (this.#server.address() as AddressInfo).port
  }

  /** From now on connections are refused. */
  async stop(): Promise<void> {
    if (this.#server === undefined) return
    const server = this.#server
    this.#server = undefined
    server.closeAllConnections()
    await once(server.close(), 'close')
  }

  /** How many requests wait for an answer that does not come. */
  get hanging(): number {
    return this.#hanging.size
  }

  /** Gives them one after all. */
  answerHanging(answer: Answer): void {
    for (const [response, recorded] of this.#hanging) this.#answer(recorded, response, answer)
    this.#hanging.clear()
  }

  /** Every message of the accepted posts, in order. */
  get accepted(): PushedMessage[] {
    return this.#accepted
  }
  #accepted: PushedMessage[] = []

  /** Resolves with the first accepted message that has this id. */
  async push(id: string): Promise<PushedMessage> {
    return this.#until(() => this.#accepted.find(message => message.id === id))
  }

  async request(matches: (request: Recorded) => boolean): Promise<Recorded> {
    return this.#until(() => this.requests.find(matches))
  }

  async #until<T>(find: () => T | undefined): Promise<T> {
    for (;;) {
      const found = find()
      if (found !== undefined) return found
      await once(this.#events, 'recorded')
    }
  }

  async #record(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const recorded: Recorded = {
      method: request.method ?? '',
      path: request.url ?? '',
      authorization: request.headers.authorization,
      contentType: request.headers['content-type'],
      body: Buffer.concat(chunks).toString('utf8'),
    }
    this.requests.push(recorded)
    const answer = this.answering(recorded)
    if (answer === 'hang') this.#hanging.set(response, recorded)
    else this.#answer(recorded, response, answer)
    this.#events.emit('recorded')
  }

  #answer(recorded: Recorded, response: ServerResponse, answer: Answer): void {
    if (answer.status === 202) this.#accepted.push(...messagesOf(recorded))
    response.writeHead(answer.status, { 'content-type': 'application/json', ...answer.headers })
    response.end(JSON.stringify(answer.body ?? {}))
  }
}

export function messagesOf(request: Recorded): PushedMessage[] {
  return request.method === 'POST' ? JSON.parse(request.body) : []
}

export function accept(request: Recorded): Answer {
  if (request.method === 'DELETE') return { status: 204 }
  const results = messagesOf(request).map(message => ({ id: `relay-${message.id}`, status: 'queued' }))
  return { status: 202, body: { results } }
}
