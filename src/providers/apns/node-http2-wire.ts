import { type OpenSession, openSession } from './node-http2-session.ts'
import {
  WIRE_LIMITS,
  type Wire,
  type WireHeaders,
  type WireOptions,
  type WireResult,
  type WireState,
} from './wire.ts'

interface Waiting {
  since: number
  headers: WireHeaders
  body: Buffer
  resolve(result: WireResult): void
}

/**
 * Wire over node:http2 with one session. Node queues requests beyond the peer's stream limit silently, with their timers
 * running, so this keeps its own queue and opens a stream only when the peer allows one.
 */
export function createNodeHttp2Wire(options: WireOptions): Wire {
  return new NodeHttp2Wire(options)
}

class NodeHttp2Wire implements Wire {
  readonly #options: WireOptions
  readonly #queueMs: number
  readonly #waiting: Waiting[] = []
  /** Sessions that still carry requests; only `#current` takes new ones. */
  readonly #sessions = new Set<OpenSession>()
  #current: OpenSession | undefined
  #lastConnectFailed = false
  #sweep: NodeJS.Timeout | undefined
  #closing: Promise<void> | undefined

  constructor(options: WireOptions) {
    this.#options = options
    this.#queueMs = (options.limits ?? WIRE_LIMITS).queueMs
  }

  request(headers: WireHeaders, body: Buffer): Promise<WireResult> {
    if (this.#closing !== undefined) {
      return Promise.resolve({ kind: 'not-processed', reason: 'closing', unreachable: true })
    }
    const { promise, resolve } = Promise.withResolvers<WireResult>()
    this.#waiting.push({ since: performance.now(), headers, body, resolve })
    this.#pump()
    if (this.#waiting.length > 0) this.#sweep ??= setTimeout(() => this.#giveUp(), this.#queueMs)
    return promise
  }

  state(): WireState {
    if (this.#current?.isReady()) return 'ready'
    return this.#lastConnectFailed ? 'down' : 'idle'
  }

  close(): Promise<void> {
    this.#closing ??= this.#drain()
    return this.#closing
  }

  async #drain(): Promise<void> {
    clearTimeout(this.#sweep)
    this.#fail('closing')
    this.#current?.retire()
    await Promise.all([...this.#sessions].map(session => session.closed))
  }

  #pump(): void {
    if (this.#waiting.length === 0) return
    const session = this.#usableSession()
    while (this.#waiting.length > 0 && session.hasFreeStream()) {
      const next = this.#waiting.shift()
      if (next) session.send(next.headers, next.body, next.resolve)
    }
  }

  #usableSession(): OpenSession {
    if (this.#current?.isUsable()) return this.#current
    const session = openSession(this.#options, {
      onReady: () => {
        this.#lastConnectFailed = false
        this.#pump()
      },
      onFreeStream: () => this.#pump(),
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

  /** The oldest have waited long enough; a new connection may do better for those that come next. */
  #giveUp(): void {
    this.#sweep = undefined
    const oldest = this.#waiting[0]
    if (!oldest) return
    const leftMs = oldest.since + this.#queueMs - performance.now()
    if (leftMs > 0) {
      this.#sweep = setTimeout(() => this.#giveUp(), leftMs)
      return
    }
    this.#current?.retire()
    this.#fail('no-stream')
  }

  #fail(reason: string): void {
    for (const { resolve } of this.#waiting.splice(0)) {
      resolve({ kind: 'not-processed', reason, unreachable: true })
    }
  }
}
