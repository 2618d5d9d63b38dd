import type { LookupFunction } from 'node:net'
import type { ConnectTarget } from './connect.ts'
import { Exchange, notSent } from './exchange.ts'
import type { Http1Client, Http1Clock, Http1Request, Http1Result } from './http1-client.ts'
import { KeptConnections } from './kept-connections.ts'

export interface Http1Limits {
  /** At once; as many requests are under way, the others wait. */
  connections: number
  /** From the name to the end of the TLS handshake. */
  connectMs: number
  /** From the call to the end of the response. */
  requestMs: number
  /** Of a response's body; the rest is not waited for. */
  responseBytes: number
  /** Longest life of a connection that nobody uses. */
  idleMs: number
  /** From then on a connection takes no new request: the server's name is asked for again, whoever uses it. */
  lifeMs: number
}

export interface Http1ClientOptions {
  /** `https://host[:port]`, or `http://…`: whoever configures it decides where that may be. */
  origin: string
  tls: ConnectTarget['tls']
  clock: Http1Clock
  limits?: Partial<Http1Limits>
  /**
   * Finds the addresses of every new connection, and refuses by an error, whose code becomes the reason. It is also asked
   * about an address that stands in the origin; only its refusal counts then.
   */
  lookup?: LookupFunction
  /** Called once per connection made, lost or refused; `reason` is a code, never an address. */
  onConnection(state: 'connected' | 'closed' | 'failed', reason: string | undefined): void
}

const SECOND = 1000

/** As for HTTP/2; idle connections are closed sooner, since many servers close theirs without a word. */
export const HTTP1_LIMITS: Http1Limits = {
  connections: 32,
  connectMs: 5 * SECOND,
  requestMs: 10 * SECOND,
  responseBytes: 64 * 1024,
  idleMs: 60 * SECOND,
  lifeMs: 600 * SECOND,
}

export function createHttp1Client(options: Http1ClientOptions): Http1Client {
  return new Client(options)
}

class Client implements Http1Client {
  readonly #clock: Http1Clock
  readonly #limits: Http1Limits
  readonly #origin: URL
  readonly #connections: KeptConnections
  /** In the order in which they came. */
  readonly #waiting = new Set<Exchange>()
  #underWay = 0
  #onQuiet: (() => void) | undefined
  #closing: Promise<void> | undefined

  constructor(options: Http1ClientOptions) {
    const { tls, clock, lookup, onConnection } = options
    this.#clock = clock
    this.#limits = { ...HTTP1_LIMITS, ...options.limits }
    this.#origin = new URL(options.origin)
    const { connections, connectMs, idleMs, lifeMs } = this.#limits
    this.#connections = new KeptConnections({
      ...{ origin: this.#origin, tls, lookup, clock, onConnection },
      ...{ connections, connectMs, idleMs, lifeMs },
    })
  }

  async request(request: Http1Request): Promise<Http1Result> {
    if (this.#closing !== undefined) return notSent('closing')
    const { requestMs, responseBytes } = this.#limits
    const exchange = new Exchange(request, { origin: this.#origin, responseBytes })
    const cancelTimer = this.#clock.after(requestMs, () => this.#stop(exchange, 'timeout'))
    this.#waiting.add(exchange)
    try {
      this.#startWaiting()
      return await exchange.result
    } finally {
      cancelTimer()
    }
  }

  capacity(): number {
    return this.#limits.connections
  }

  state(): 'idle' | 'ready' | 'down' {
    return this.#connections.state()
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    for (const exchange of this.#waiting) this.#stop(exchange, 'closing')
    if (this.#underWay > 0)
      await new Promise<void>(resolve => {
        this.#onQuiet = resolve
      })
    await this.#connections.cut()
  }

  /** Not Node's queue: it does not count connections that are still being made. */
  #startWaiting(): void {
    for (const exchange of this.#waiting) {
      if (this.#underWay >= this.#limits.connections) return
      this.#waiting.delete(exchange)
      this.#start(exchange)
    }
  }

  #start(exchange: Exchange): void {
    exchange.start(this.#connections, () => {
      // Node frees the connection right after it has told us.
      queueMicrotask(() => this.#ended())
    })
    this.#underWay += 1
  }

  #stop(exchange: Exchange, reason: string): void {
    this.#waiting.delete(exchange)
    exchange.stop(reason)
  }

  #ended(): void {
    this.#underWay -= 1
    if (this.#closing === undefined) this.#startWaiting()
    if (this.#underWay === 0) this.#onQuiet?.()
  }
}
