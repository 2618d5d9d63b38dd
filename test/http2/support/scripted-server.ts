import { createHash } from 'node:crypto'
import { EventEmitter, once } from 'node:events'
import {
  createSecureServer,
  type SecureServerOptions,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2'
import type { AddressInfo, Socket } from 'node:net'
import type { ServerIdentity } from '../../../src/simulator/certificate.ts'

/** A request as the server saw it. */
export interface Seen {
  /** `name: value`, sorted: the order of fields means nothing. */
  fields: string[]
  bodyBytes: number
  bodyHash: string
  /** On which connection, counted from 1. */
  connection: number
  /** The code of the client's RST_STREAM, if it gave up. */
  brokenOff: number | undefined
}

export interface Incoming {
  stream: ServerHttp2Stream
  session: ServerHttp2Session
  path: string
  /** `name: value`, sorted. */
  fields: readonly string[]
  /** Counted from 1, over all connections. */
  number: number
  /** The whole body. */
  body: Promise<Buffer>
  server: ScriptedServer
}

/** What the server does with each request. */
export type Script = (incoming: Incoming) => void | Promise<void>

/** Node's HTTP/2 server, doing as it is told, and remembering what it saw. */
export class ScriptedServer {
  readonly seen: Seen[] = []
  readonly sessions: ServerHttp2Session[] = []
  readonly #events = new EventEmitter()
  readonly #sockets = new Set<Socket>()
  readonly #server
  #port = 0

  private constructor(identity: ServerIdentity, script: Script, options: SecureServerOptions) {
    this.#server = createSecureServer({
      key: identity.privateKey,
      cert: identity.certificate,
      ...options,
    })
    this.#server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket)
      socket.on('close', () => this.#sockets.delete(socket))
      socket.on('error', () => {})
    })
    this.#server.on('session', session => {
      this.sessions.push(session)
      this.#events.emit('session')
      const connection = this.sessions.length
      session.on('error', () => {})
      session.on('stream', (stream: ServerHttp2Stream, _headers: object, _flags: number, raw: string[]) =>
        this.#receive({ stream, session, raw, connection, script }),
      )
    })
  }

  static async start(
    identity: ServerIdentity,
    script: Script,
    options: SecureServerOptions = {},
    port = 0,
  ): Promise<ScriptedServer> {
    const server = new ScriptedServer(identity, script, options)
    await once(server.#server.listen(port, '127.0.0.1'), 'listening')
    server.#port = (server.#server.address() as AddressInfo).port
    return server
  }

  get origin(): string {
    return `https://localhost:${this.#port}`
  }

  /** The first is 1; once it is there. */
  async session(number: number): Promise<ServerHttp2Session> {
    for (;;) {
      const session = this.sessions[number - 1]
      if (session) return session
      await once(this.#events, 'session')
    }
  }

  /** Resolves when so many requests have come, whole or not. */
  async requests(count: number): Promise<void> {
    while (this.seen.length < count) await once(this.#events, 'request')
  }

  /** Resolves when so many have been broken off by the client. */
  async brokenOff(count: number): Promise<void> {
    while (this.seen.filter(({ brokenOff }) => brokenOff !== undefined).length < count)
      await once(this.#events, 'broken-off')
  }

  /** TCP reset of every connection. */
  drop(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy()
  }

  async stop(): Promise<void> {
    const closed = new Promise(resolve => this.#server.close(resolve))
    for (const session of this.sessions) session.destroy()
    for (const socket of this.#sockets) socket.destroy()
    await closed
  }

  #receive({ stream, session, raw, connection, script }: Arrival): void {
    const hash = createHash('sha256')
    const chunks: Buffer[] = []
    const fields = raw.flatMap((text, at) => (at % 2 === 0 ? [`${text}: ${raw[at + 1]}`] : []))
    const seen: Seen = { fields: fields.sort(), bodyBytes: 0, bodyHash: '', connection, brokenOff: undefined }
    this.seen.push(seen)
    const { promise: body, resolve } = Promise.withResolvers<Buffer>()
    stream.on('data', (chunk: Buffer) => {
      chunks.push(chunk)
      hash.update(chunk)
      seen.bodyBytes += chunk.length
    })
    stream.on('end', () => {
      seen.bodyHash = hash.digest('hex')
      resolve(Buffer.concat(chunks))
    })
    stream.on('error', () => {})
    stream.on('aborted', () => {
      seen.brokenOff = stream.rstCode
      this.#events.emit('broken-off')
    })
    const path = fields.find(field => field.startsWith(':path: '))?.slice(':path: '.length) ?? ''
    void script({ stream, session, path, fields, number: this.seen.length, body, server: this })
    this.#events.emit('request')
  }
}

interface Arrival {
  stream: ServerHttp2Stream
  session: ServerHttp2Session
  raw: string[]
  connection: number
  script: Script
}
