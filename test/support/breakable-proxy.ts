import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

/** A network between a client and a server on the loopback that can be broken in the ways in which networks break. */
export class BreakableProxy {
  readonly #target: number
  readonly #server: Server
  readonly #pairs = new Set<{ client: Socket; server: Socket }>()
  #isFrozen = false
  #lostAnswer: { question: string; onLost: () => void } | undefined

  private constructor(target: number) {
    this.#target = target
    this.#server = createServer({ allowHalfOpen: true }, client => this.#accept(client))
  }

  static async start(target: number): Promise<BreakableProxy> {
    const proxy = new BreakableProxy(target)
    proxy.#server.listen(0, '127.0.0.1')
    await once(proxy.#server, 'listening')
    return proxy
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  /** Nothing arrives any more, in neither direction, and nobody is told; until `thaw`. New connections are taken, too. */
  freeze(): void {
    this.#isFrozen = true
    for (const { client, server } of this.#pairs) {
      client.pause()
      server.pause()
    }
  }

  thaw(): void {
    this.#isFrozen = false
    for (const { client, server } of this.#pairs) {
      client.resume()
      server.resume()
    }
  }

  /** Ends all connections. */
  cut(): void {
    for (const { client, server } of this.#pairs) {
      client.destroy()
      server.destroy()
    }
  }

  /** The next time that a client says this, the server hears it, and its connection breaks before the answer arrives. */
  loseAnswerTo(question: string): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#lostAnswer = { question, onLost: resolve }
    return promise
  }

  async close(): Promise<void> {
    this.cut()
    const closed = once(this.#server, 'close')
    this.#server.close()
    await closed
  }

  #accept(client: Socket): void {
    const server = connect({ port: this.#target, host: '127.0.0.1', allowHalfOpen: true })
    const pair = { client, server }
    this.#pairs.add(pair)
    let lost: (() => void) | undefined
    client.on('data', chunk => {
      if (this.#lostAnswer !== undefined && chunk.includes(this.#lostAnswer.question)) {
        lost = this.#lostAnswer.onLost
        this.#lostAnswer = undefined
      }
      server.write(chunk)
    })
    server.on('data', chunk => {
      if (lost === undefined) client.write(chunk)
      else client.destroy()
      lost?.()
    })
    for (const [socket, other] of [
      [client, server],
      [server, client],
    ] as const) {
      socket.on('error', () => {})
      // Who only says goodbye was perhaps frozen: the other one does what it was asked before, and finds somebody to tell.
      socket.on('end', () => other.end())
      socket.on('close', () => {
        if (other.closed) this.#pairs.delete(pair)
        if (!socket.readableEnded) other.destroy()
      })
    }
    if (this.#isFrozen) {
      client.pause()
      server.pause()
    }
  }
}
