import type { ClientState, Http2Client, Http2Request, RequestResult } from '../../src/http2/http2-client.ts'
import type { Http2ClientOptions } from '../../src/http2/pool.ts'
import { NodeHttp2Session, type SessionLimits, type SessionOptions } from './node-http2-session.ts'

const LIMITS: SessionLimits = {
  streams: 1000,
  requestMs: 15_000,
  queueMs: 20_000,
  connectMs: 10_000,
  responseBytes: 64 * 1024,
}

interface Waiting {
  since: number
  request: Http2Request
  resolve(result: RequestResult): void
}

/**
 * The engine's interface over node:http2 with one session: the reference that the engine is compared with. Node queues
 * requests beyond the peer's stream limit silently, with their timers running, so this keeps its own queue.
 */
export function createNodeHttp2Client(options: Http2ClientOptions): Http2Client {
  return new NodeHttp2Client({ ...options, limits: { ...LIMITS, ...options.limits } })
}

class NodeHttp2Client implements Http2Client {
  readonly #options: SessionOptions
  readonly #waiting: Waiting[] = []
  /** Sessions that still carry requests; only `#current` takes new ones. */
  readonly #sessions = new Set<NodeHttp2Session>()
  #current: NodeHttp2Session | undefined
  #capacity = 1
  #lastConnectFailed = false
  #cancelSweep: (() => void) | undefined
  #closing: Promise<void> | undefined

  constructor(options: SessionOptions) {
    this.#options = options
  }

  request(request: Http2Request): Promise<RequestResult> {
    if (this.#closing !== undefined) {
      return Promise.resolve({ kind: 'not-processed', reason: 'closing', isUnreachable: true })
    }
    const { promise, resolve } = Promise.withResolvers<RequestResult>()
    this.#waiting.push({ since: this.#options.clock.monotonic(), request, resolve })
    this.#pump()
    if (this.#waiting.length > 0) this.#cancelSweep ??= this.#sweepAfter(this.#options.limits.queueMs)
    return promise
  }

  capacity(): number {
    return this.#capacity
  }

  state(): ClientState {
    if (this.#current?.isReady()) return 'ready'
    return this.#lastConnectFailed ? 'down' : 'idle'
  }

  close(): Promise<void> {
    this.#closing ??= this.#drain()
    return this.#closing
  }

  async #drain(): Promise<void> {
    this.#cancelSweep?.()
    this.#fail('closing')
    this.#current?.retire()
    await Promise.all([...this.#sessions].map(session => session.closed))
  }

  #pump(): void {
    if (this.#waiting.length === 0) return
    const session = this.#usableSession()
    while (this.#waiting.length > 0 && session.hasFreeStream()) {
      const next = this.#waiting.shift()
      if (next) session.send(next.request, next.resolve)
    }
  }

  #usableSession(): NodeHttp2Session {
    if (this.#current?.isUsable()) return this.#current
    const session = new NodeHttp2Session(this.#options, {
      onReady: () => {
        this.#lastConnectFailed = false
        this.#pump()
      },
      onFreeStream: () => {
        this.#updateCapacity(session.streamLimit())
        this.#pump()
      },
      onRetired: () => {
        if (this.#current === session) this.#current = undefined
        this.#pump()
      },
      onConnectFailed: reason => {
        if (this.#current !== session) return
        this.#current = undefined
        this.#lastConnectFailed = true
        this.#fail(reason)
      },
    })
    this.#current = session
    this.#sessions.add(session)
    void session.closed.then(() => this.#sessions.delete(session))
    return session
  }

  #updateCapacity(capacity: number): void {
    const before = this.#capacity
    this.#capacity = capacity
    if (capacity > before) this.#options.onCapacity?.()
  }

  #sweepAfter(delayMs: number): () => void {
    return this.#options.clock.after(delayMs, () => this.#giveUp())
  }

  /** The oldest have waited long enough; a new connection may do better for those that come next. */
  #giveUp(): void {
    this.#cancelSweep = undefined
    const oldest = this.#waiting[0]
    if (!oldest) return
    const leftMs = oldest.since + this.#options.limits.queueMs - this.#options.clock.monotonic()
    if (leftMs > 0) {
      this.#cancelSweep = this.#sweepAfter(leftMs)
      return
    }
    this.#fail('no-stream')
    this.#current?.retire()
  }

  #fail(reason: string): void {
    for (const { resolve } of this.#waiting.splice(0)) {
      resolve({ kind: 'not-processed', reason, isUnreachable: true })
    }
  }
}
