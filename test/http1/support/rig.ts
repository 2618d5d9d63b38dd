import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import type { TestContext } from 'node:test'
import { createServer as createTlsServer } from 'node:tls'
import { createHttp1Client, type Http1ClientOptions } from '../../../src/http1/create-http1-client.ts'
import type { Http1Request, Http1Result } from '../../../src/http1/http1-client.ts'
import { createServerIdentity } from '../../../src/simulator/certificate.ts'
import { FakeClock } from '../../support/fake-clock.ts'

export const identity = createServerIdentity()

export const REQUEST: Http1Request = {
  method: 'POST',
  path: '/notify?a=b',
  headers: { 'content-type': 'text/plain' },
  body: Buffer.from('hello'),
}

/** Answers one whole request; the server itself knows nothing of HTTP, so that it can break every rule. */
export type Script = (incoming: Incoming) => void

export interface Incoming {
  socket: Socket
  text: string
  /** Of all connections, from 1. */
  number: number
  connection: number
}

export const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'
export const answer: Script = ({ socket }) => void socket.write(OK)

export class RawServer {
  readonly sockets: Socket[] = []
  readonly requests: string[] = []
  readonly #server: Server
  readonly #waiting: { holds: () => boolean; resolve: () => void }[] = []
  readonly #scheme: string

  constructor(server: Server, scheme: string, script: Script) {
    this.#server = server
    this.#scheme = scheme
    server.on(scheme === 'https' ? 'secureConnection' : 'connection', (socket: Socket) => {
      const connection = this.sockets.push(socket)
      let text = ''
      socket.on('error', () => {})
      socket.on('close', () => this.#changed())
      socket.on('data', chunk => {
        text += chunk.toString('latin1')
        if (!isWhole(text)) return
        const incoming = { socket, text, number: this.requests.push(text), connection }
        text = ''
        script(incoming)
        this.#changed()
      })
      this.#changed()
    })
  }

  origin(host = 'localhost'): string {
    return `${this.#scheme}://${host}:${(this.#server.address() as AddressInfo).port}`
  }

  async until(holds: () => boolean): Promise<void> {
    if (holds()) return
    await new Promise<void>(resolve => this.#waiting.push({ holds, resolve }))
  }

  async close(): Promise<void> {
    this.#server.close()
    for (const socket of this.sockets) socket.destroy()
    if (this.#server.listening) await once(this.#server, 'close')
  }

  #changed(): void {
    for (const { holds, resolve } of this.#waiting) if (holds()) resolve()
  }
}

export async function startServer(t: TestContext, script: Script, scheme = 'http'): Promise<RawServer> {
  const { privateKey: key, certificate: cert } = await identity
  const server = scheme === 'https' ? createTlsServer({ key, cert }) : createServer()
  const raw = new RawServer(server, scheme, script)
  server.on('tlsClientError', () => {})
  await once(server.listen(0, '127.0.0.1'), 'listening')
  t.after(() => raw.close())
  return raw
}

export async function startClient(t: TestContext, origin: string, options: Partial<Http1ClientOptions> = {}) {
  const clock = new FakeClock()
  const states: string[] = []
  const waiting: (() => void)[] = []
  const client = createHttp1Client({
    origin,
    tls: { ca: (await identity).ca },
    clock,
    onConnection: (state, reason) => {
      states.push(reason === undefined ? state : `${state} ${reason}`)
      for (const resolve of waiting.splice(0)) resolve()
    },
    ...options,
  })
  t.after(() => client.close())
  return {
    client,
    clock,
    states,
    /** The next change of a connection. */
    change: () => new Promise<void>(resolve => waiting.push(resolve)),
    ask: async (request: Partial<Http1Request> = {}) =>
      summary(await client.request({ ...REQUEST, ...request })),
  }
}

export async function startRig(t: TestContext, script: Script, options: Partial<Http1ClientOptions> = {}) {
  const server = await startServer(t, script)
  return { server, ...(await startClient(t, server.origin(), options)) }
}

export function summary(result: Http1Result): string {
  if (result.kind === 'response') return `${result.status} ${result.body}`
  if (result.kind === 'unknown') return ['unknown', result.status, result.reason].filter(Boolean).join(' ')
  return `not-processed ${result.reason}${result.isUnreachable ? ' unreachable' : ''}`
}

function isWhole(text: string): boolean {
  const end = text.indexOf('\r\n\r\n')
  const length = Number(/content-length: (\d+)/i.exec(text)?.[1] ?? 0)
  return end >= 0 && text.length >= end + 4 + length
}
